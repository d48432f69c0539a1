@study @section-4
Feature: Energy and EDP: what an inference costs the device's battery
  The thresholds are the study's; offloaded energy is equation 2.5 of measured
  latencies and an idle power, so these limit modelled figures. What compares
  energy on the device itself needs a meter.

  Scenario Outline: offloading to "<host>" over <link> at <idle> idle power
    Given every variant
    And the host "<host>" over the link "<link>"
    And the device "imx8mp" at "<idle>" idle power
    Then its modelled energy per inference is at most <most>

    Examples: the maxima of the study's table
      | host            | link            | idle | most   |
      | workstation     | radio-tables    | high | 291 mJ |
      | workstation     | radio-tables    | low  | 87 mJ  |
      | workstation     | ethernet-tables | high | 144 mJ |
      | workstation     | ethernet-tables | low  | 43 mJ  |
      | workstation-gpu | radio-tables    | high | 241 mJ |
      | workstation-gpu | radio-tables    | low  | 72 mJ  |
      | workstation-gpu | ethernet-tables | high | 94 mJ  |
      | workstation-gpu | ethernet-tables | low  | 28 mJ  |

  Scenario Outline: the energy of communication is negligible over <link> as the text states it
    Holds for the tables. With the stated energy per byte, sending a 128x128
    image by radio costs 6.8 mJ: more than one in a hundred of the whole.
    Given every variant with input 128
    And the host "workstation" over the link "<link>"
    And an idle power of 0 W
    Then its modelled energy per inference is at most 0.5 mJ

    Examples:
      | link     |
      | ethernet |
      | radio    |

  Scenario: with the NPU and high idle power, local spends less than offloading
    Given every compressed variant
    Then "npu" beats offloading to "workstation" over "ethernet-tables" in energy

  Scenario: with the NPU, local has the smaller EDP
    Given every compressed variant
    Then "npu" beats offloading to "workstation" over "ethernet-tables" in EDP
