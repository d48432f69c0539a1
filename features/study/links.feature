@study @section-4
Feature: Links: where an offloaded inference spends its time, and who wins

  Scenario Outline: over <link> the way to "<host>" is the larger share
    Given every variant
    And the host "<host>" over the link "<link>"
    Then its network time is at least 50 % of its latency

    Examples: even in the worst case
      | host            | link            |
      | workstation     | ethernet-tables |
      | workstation     | radio-tables    |
      | workstation-gpu | ethernet-tables |
      | workstation-gpu | radio-tables    |

  Scenario Outline: over 5G the inference on "<host>" is the larger share
    Given every variant
    And the host "<host>" over the link "5g"
    Then its network time is at most 50 % of its latency

    Examples:
      | host            |
      | workstation     |
      | workstation-gpu |

  Scenario Outline: the NPU beats offloading compressed models over <link>
    Given every compressed variant
    Then "npu" beats offloading to "workstation-gpu" over "<link>" in latency

    Examples:
      | link            |
      | ethernet-tables |
      | radio-tables    |

  Scenario Outline: compressed MobileNet beats offloading to "<host>" over <link>
    Given every compressed variant of "mobilenet"
    Then "npu" beats offloading to "<host>" over "<link>" in latency

    Examples:
      | host            | link            |
      | workstation     | ethernet-tables |
      | workstation-gpu | ethernet-tables |
      | workstation     | radio-tables    |
      | workstation-gpu | radio-tables    |

  Scenario Outline: over 5G offloading beats <local> for every model but MobileNet 32
    Given every variant of "inceptionv3"
    And every variant of "resnet50"
    And every variant of "vgg16"
    And every variant of "mobilenet" with input 75
    And every variant of "mobilenet" with input 128
    Then offloading to "workstation" over "5g" beats "<local>" in latency

    Examples:
      | local |
      | cpu1  |
      | cpu4  |

  Scenario: over 5G offloading does not beat the processor for MobileNet 32
    Given every variant of "mobilenet" with input 32
    Then offloading to "workstation" over "5g" does not beat "cpu4" in latency

  Scenario: over 5G offloading beats the NPU for an uncompressed model
    Given the variant "VGG16 128"
    Then offloading to "workstation-gpu" over "5g" beats "npu" in latency

  Scenario: moving to the base station is about a sixfold speedup
    Given every variant
    Then offloading to "workstation-gpu" over "5g" beats offloading to "workstation-gpu" over "ethernet-tables" in latency by at least 80 %
