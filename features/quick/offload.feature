@quick
Feature: MobileNet 32 offloaded over three links
  The embedded host stands in for a real one: these budgets show that the path
  works and what its software adds to the link, and nothing about whether
  offloading pays.

  Scenario Outline: the software adds little to the <link> link
    Given the variant "Mobilenet PQ 32"
    And the host "self" over the link "<link>"
    Then its median latency is at most <share> above the model
    And its mean latency is at most <budget>

    Examples: twice the model would break each of them
      | link     | share | budget |
      | ethernet | 20 %  | 40 ms  |
      | radio    | 20 %  | 110 ms |
      | 5g       | 90 %  | 10 ms  |

  Scenario: the payload is the image and the scores
    Given the variant "Mobilenet PQ 32"
    And the host "self" over the links:
      | ethernet |
      | radio    |
      | 5g       |
    Then its payload is at most 4 kB

  Scenario: the network is the larger part over ethernet and radio
    Given the variant "Mobilenet PQ 32"
    And the host "self" over the links:
      | ethernet |
      | radio    |
    Then its network time is at least 50 % of its latency

  Scenario: waiting costs a modelled board little energy
    Given the variant "Mobilenet PQ 32"
    And the host "self" over the link "ethernet"
    And the device "imx8mp" at "high" idle power
    Then its modelled energy per inference is at most 130 mJ
