@study @section-4
Feature: Compression: what pruning, clustering and quantization gain
  On the NPU compression decides; on the processor, without XNNPACK, it gains
  little; for offloading it does not matter. Crossover's backends cpu1 and cpu4
  run XNNPACK, whose int8 kernels gain much more; docs/study.md has the figures.

  Scenario: on the NPU, PQ is 188 times as fast as no compression on average
    Read as 188 to the nearest tenth of itself.
    Given every variant
    And the backend "npu"
    Then compression "pq" is on average at least 169 times as fast as "none"
    And compression "pq" is on average at most 207 times as fast as "none"

  Scenario: on the NPU, PQ is at most 716 times as fast
    Given every variant
    And the backend "npu"
    Then compression "pq" is at most 750 times as fast as "none"

  Scenario: uncompressed models are penalised on the NPU
    The words give no figure: every uncompressed one is slower.
    Given every variant
    And the backend "npu"
    Then compression "pq" beats "none" in latency

  Scenario Outline: PQ gains 6 to 8 % on <backend>
    On average over the variants; read as 5 to 9 %.
    Given every variant
    And the backend "<backend>"
    Then compression "pq" is on average at least 1.05 times as fast as "none"
    And compression "pq" is on average at most 1.1 times as fast as "none"

    Examples:
      | backend |
      | cpu1    |
      | cpu4    |

  Scenario Outline: clustering adds nothing to PQ on <backend>
    Read as on average within 5 %.
    Given every variant
    And the backend "<backend>"
    Then compression "pwq" is on average at least 0.95 times as fast as "pq"
    And compression "pwq" is on average at most 1.05 times as fast as "pq"

    Examples:
      | backend |
      | cpu1    |
      | cpu4    |
      | npu     |

  Scenario Outline: compression does not matter when offloading to "<host>" over <link>
    Read as on average within 10 %.
    Given every variant
    And the host "<host>" over the link "<link>"
    Then compression "pq" is on average at least 0.9 times as fast as "none"
    And compression "pq" is on average at most 1.1 times as fast as "none"

    Examples:
      | host            | link            |
      | workstation     | ethernet-tables |
      | workstation     | radio-tables    |
      | workstation-gpu | ethernet-tables |
      | workstation-gpu | radio-tables    |
