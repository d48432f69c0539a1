@study @section-5
Feature: Correlation: what goes with latency
  Counters need a run that holds them, energy a meter.

  Scenario Outline: energy goes with latency on <backend>
    Needs a meter: modelled energy is proportional to time by construction.
    Given every variant
    And the backend "<backend>"
    Then its energy correlates with its latency by at least <least>

    Examples: Pearson's coefficient
      | backend | least |
      | cpu1    | 99 %  |
      | cpu4    | 98 %  |
      | npu     | 99 %  |

  Scenario: energy goes with latency when offloading
    100 % in the study, which follows from its equation 2.5.
    Given every variant
    And the host "workstation" over the link "ethernet-tables"
    Then its energy correlates with its latency by at least 99 %

  Scenario Outline: <counter> go with latency on one core
    Given every variant
    And the backend "cpu1"
    Then its latency correlates with the <counter> by at least 80 %

    Examples:
      | counter      |
      | instructions |
      | L1d loads    |

  Scenario Outline: <counter> go with latency on four cores, if less
    Given every variant
    And the backend "cpu4"
    Then its latency correlates with the <counter> by at least 50 %

    Examples:
      | counter      |
      | instructions |
      | L1d loads    |

  Scenario Outline: <counter> do not go with latency on the NPU
    Given every variant
    And the backend "npu"
    Then its latency correlates with the <counter> by at most 50 %

    Examples:
      | counter      |
      | instructions |
      | L1d loads    |

  Scenario Outline: <counter> do not follow the number of parameters
    Given every variant
    And the backend "cpu1"
    Then its <counter> correlate with the parameters by at most 80 %

    Examples:
      | counter      |
      | instructions |
      | L1d loads    |

  Scenario Outline: <counter> go with latency on one core at all
    The study shows them in its figures 5.8 to 5.10 and A.17 to A.31, for the
    whole process, loading included. Its coefficients are not at hand, so only
    the sign is claimed.
    Given every variant
    And the backend "cpu1"
    Then its latency correlates with the <counter> by at least 0 %

    Examples:
      | counter     |
      | L1d misses  |
      | page faults |

  Scenario: page faults of the whole process come from loading the parameters
    In steady state there are nearly none. Only the sign is claimed.
    Given every variant
    And the backend "cpu1"
    Then its page faults correlate with the parameters by at least 0 %
