@study @section-4
Feature: Thresholds: the local latency above which offloading wins
  Offload latency is nearly constant over models, so a threshold exists. The
  figures come from the study's tables, hence the -tables links.
  The study took the host "workstation" for its i9-10850K and
  "workstation-gpu" for its RTX 3070; declare hosts of these names.

  Scenario Outline: offloading to "<host>" over <link> is nearly constant
    Given every variant
    And the host "<host>" over the link "<link>"
    Then its latency varies by at most <spread> over the variants

    Examples: standard deviation over mean, by the study's table, rounded up
      | host            | link            | spread |
      | workstation     | radio-tables    | 17 %   |
      | workstation     | ethernet-tables | 28 %   |
      | workstation-gpu | radio-tables    | 11 %   |
      | workstation-gpu | ethernet-tables | 13 %   |

  Scenario Outline: the threshold of "<host>" over <link> is never above <most>
    Given every variant
    Then the crossing point between "cpu1" and "<host>" over "<link>" is at most <most>

    Examples: the maxima of the study's table
      | host            | link            | most  |
      | workstation     | radio-tables    | 96 ms |
      | workstation     | ethernet-tables | 47 ms |
      | workstation-gpu | radio-tables    | 79 ms |
      | workstation-gpu | ethernet-tables | 31 ms |

  Scenario Outline: above its threshold on "<local>", offloading over <link> wins
    Given every variant
    When the local latency on "<local>" is above <most>
    Then offloading to "workstation-gpu" over "<link>" beats "<local>" in latency

    Examples:
      | local | link            | most  |
      | cpu1  | ethernet-tables | 31 ms |
      | cpu4  | ethernet-tables | 31 ms |
      | cpu1  | radio-tables    | 79 ms |
      | cpu4  | radio-tables    | 79 ms |
