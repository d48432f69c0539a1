@study @section-4
Feature: Compression: what pruning, clustering and quantization gain
  On the NPU compression decides; on the processor, without XNNPACK, it gains
  little; for offloading it does not matter.

  Scenario: uncompressed models are penalised on the NPU
    The study found 188 times on average: 99.5 % less.
    Given every variant
    And the backend "npu"
    Then compression "pq" beats "none" in mean latency by at least 90 %

  Scenario Outline: PQ gains something on <backend>
    Given every variant
    And the backend "<backend>"
    Then compression "pq" beats "none" in mean latency by at least <gain>

    Examples: 6 to 8 %
      | backend | gain |
      | cpu1    | 6 %  |
      | cpu4    | 6 %  |

  Scenario Outline: PQ gains no more than that on <backend>
    Given every variant
    And the backend "<backend>"
    Then compression "pq" is within 9 % of "none" in mean latency

    Examples:
      | backend |
      | cpu1    |
      | cpu4    |

  Scenario Outline: clustering adds nothing to PQ on <backend>
    Given every variant
    And the backend "<backend>"
    Then compression "pwq" is within 5 % of "pq" in mean latency

    Examples:
      | backend |
      | cpu1    |
      | cpu4    |
      | npu     |

  Scenario Outline: compression does not matter when offloading over <link>
    Given every variant
    And the host "workstation" over the link "<link>"
    Then compression "pq" is within 10 % of "none" in mean latency

    Examples:
      | link            |
      | ethernet-tables |
      | radio-tables    |
