@quick
Feature: MobileNet 32 offloaded over three links
  The embedded host stands in for a real one: these limits show that the path
  works and what its software adds to the link, and nothing about whether
  offloading pays with a faster host.

  Scenario Outline: <variant> adds little to the <link> link
    Given the variant "<variant>"
    And the host "self" over the link "<link>"
    Then its median latency is at most <share> above the model
    And its mean latency is at most <mean>

    Examples: a slowdown of 30 % breaks each of them
      | variant          | link     | share | mean  |
      | Mobilenet 32     | ethernet | 15 %  | 27 ms |
      | Mobilenet PQ 32  | ethernet | 15 %  | 27 ms |
      | Mobilenet PWQ 32 | ethernet | 15 %  | 27 ms |
      | Mobilenet 32     | radio    | 10 %  | 75 ms |
      | Mobilenet PQ 32  | radio    | 10 %  | 75 ms |
      | Mobilenet PWQ 32 | radio    | 10 %  | 75 ms |
      | Mobilenet 32     | 5g       | 25 %  | 10 ms |
      | Mobilenet PQ 32  | 5g       | 25 %  | 10 ms |
      | Mobilenet PWQ 32 | 5g       | 25 %  | 10 ms |

  @reference
  Scenario Outline: <variant> without a link is the inference and the software around it
    Given the variant "<variant>"
    And the host "self" over the link "direct"
    Then its median latency is at most <factor> times that of the reference network

    Examples:
      | variant          | factor |
      | Mobilenet 32     | 68     |
      | Mobilenet PQ 32  | 41     |
      | Mobilenet PWQ 32 | 41     |

  Scenario: nine in ten answers are there within a frame of a camera
    Given the variant "Mobilenet PQ 32"
    And the host "self" over the link "ethernet"
    Then its p90 latency is at most 31 ms
    And it loses at most 5 % of its requests

  Scenario: the payload is the image and the scores
    Given every variant of "mobilenet" with input 32
    And the host "self" over the links:
      | ethernet |
      | radio    |
      | 5g       |
    Then its payload is at most 4 kB

  Scenario: the network is the larger part over ethernet and radio
    Given every variant of "mobilenet" with input 32
    And the host "self" over the links:
      | ethernet |
      | radio    |
    Then its network time is at least 50 % of its latency

  Scenario Outline: waiting for an answer over <link> costs a board this much
    Given every variant of "mobilenet" with input 32
    And the host "self" over the link "<link>"
    And the device "imx8mp" at "high" idle power
    Then its modelled energy per inference is at most <energy>
    And its modelled EDP is at most <EDP>

    Examples: about a fifth above the value
      | link     | energy | EDP      |
      | ethernet | 82 mJ  | 2.2 mJs  |
      | radio    | 230 mJ | 17 mJs   |

  Scenario: over 5G the energy per byte is unknown, so the figure is a lower bound
    Given every variant of "mobilenet" with input 32
    And the host "self" over the links:
      | 5g     |
      | direct |
    And the device "imx8mp" at "high" idle power
    Then its modelled energy per inference is at least 0.5 mJ

  Scenario: offloading to this machine does not pay
    Given every variant of "mobilenet" with input 32
    Then offloading to "self" over "ethernet" does not beat "cpu1" in latency
