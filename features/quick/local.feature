@quick
Feature: MobileNet 32 on this machine's processor
  What an inference costs here, in units of the reference network: a small file
  that never changes, timed right before each block. The factors are about a
  fifth above those of an AMD EPYC; another kind of processor has others, so
  replace them by yours, and leave them out until then with --tags ~@reference.

  @reference
  Scenario Outline: <variant> on <backend> is as fast as it was
    Given the variant "<variant>"
    And the backend "<backend>"
    Then its median latency is at most <median> times that of the reference network
    And its modelled energy per inference is at most <energy> times that of the reference network
    And its modelled EDP is at most <EDP> times that of the reference network

    Examples:
      | variant          | backend | median | energy | EDP  |
      | Mobilenet 32     | cpu1    | 51     | 54     | 2900 |
      | Mobilenet 32     | cpu-all | 28     | 34     | 1150 |
      | Mobilenet PQ 32  | cpu1    | 28     | 30     | 900  |
      | Mobilenet PQ 32  | cpu-all | 16     | 20     | 400  |
      | Mobilenet PWQ 32 | cpu1    | 28     | 30     | 900  |
      | Mobilenet PWQ 32 | cpu-all | 16     | 20     | 400  |

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
