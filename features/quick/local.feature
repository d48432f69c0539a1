@quick
Feature: MobileNet 32 on this machine's processor
  What an inference costs here, in units of the reference network: a small file
  that never changes, timed right before each block. Replace the factors by what
  your product allows; each is about a fifth above what was measured.

  Scenario Outline: <variant> on <backend> is as fast as it was
    Given the variant "<variant>"
    And the backend "<backend>"
    Then its median latency is at most <median> times that of the reference network
    And its modelled energy per inference is at most <energy> times that of the reference network
    And its modelled EDP is at most <EDP> times that of the reference network

    Examples:
      | variant          | backend | median | energy | EDP  |
      | Mobilenet 32     | cpu1    | 30     | 30     | 900  |
      | Mobilenet 32     | cpu-all | 30     | 30     | 900  |
      | Mobilenet PQ 32  | cpu1    | 30     | 30     | 900  |
      | Mobilenet PQ 32  | cpu-all | 30     | 30     | 900  |
      | Mobilenet PWQ 32 | cpu1    | 30     | 30     | 900  |
      | Mobilenet PWQ 32 | cpu-all | 30     | 30     | 900  |

  Scenario: a slow inference is rare
    Given the variant "Mobilenet PQ 32"
    And the backend "cpu1"
    Then its p90 latency is at most 31 ms
    And no more than 10 % of its inferences take longer than 31 ms

  Scenario: compression pays on the processor
    Given every variant of "mobilenet" with input 32
    And the backends:
      | cpu1    |
      | cpu-all |
    Then compression "pq" beats "none" in latency
    And compression "pwq" beats "none" in latency

  Scenario: two threads pay
    Given every variant of "mobilenet" with input 32
    Then "cpu-all" beats "cpu1" in latency
