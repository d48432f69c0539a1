@study @section-5
Feature: Layer fit: what makes a model slow on the device

  Scenario Outline: latency grows with the input size on <backend>
    Given every variant
    And the backend "<backend>"
    Then its latency grows with the input size

    Examples:
      | backend |
      | cpu1    |
      | cpu4    |
      | npu     |

  Scenario Outline: VGG16 is slower than ResNet50 at <input>, with fewer parameters
    Few big layers fit the memories worse than many small ones.
    Given the backends:
      | cpu1 |
      | cpu4 |
      | npu  |
    Then the variant "ResNet50 PQ <input>" beats "VGG16 PQ <input>" in latency

    Examples:
      | input |
      | 32    |
      | 75    |
      | 128   |

  Scenario: VGG16 128 is the slowest model of its size
    Given the backends:
      | cpu1 |
      | cpu4 |
    Then the variant "InceptionV3 128" beats "VGG16 128" in latency
    And the variant "ResNet50 128" beats "VGG16 128" in latency
    And the variant "Mobilenet 128" beats "VGG16 128" in latency

  Scenario Outline: latency does not follow the number of parameters on <backend>
    Given every variant
    And the backend "<backend>"
    Then its latency correlates with the parameters by at most 80 %

    Examples:
      | backend |
      | cpu1    |
      | cpu4    |
      | npu     |

  Scenario: latency follows layer fit on the device's processor
    Given every variant
    And the backend "cpu1"
    Then its latency correlates by rank with the layer fit by at least 30 %
