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

  Scenario Outline: MobileNet is the fastest model on <backend>
    Given the backend "<backend>"
    Then the variant "Mobilenet PQ 75" beats "InceptionV3 PQ 75" in latency
    And the variant "Mobilenet PQ 128" beats "InceptionV3 PQ 128" in latency
    And the variant "Mobilenet PQ 32" beats "ResNet50 PQ 32" in latency
    And the variant "Mobilenet PQ 75" beats "ResNet50 PQ 75" in latency
    And the variant "Mobilenet PQ 128" beats "ResNet50 PQ 128" in latency
    And the variant "Mobilenet PQ 32" beats "VGG16 PQ 32" in latency
    And the variant "Mobilenet PQ 75" beats "VGG16 PQ 75" in latency
    And the variant "Mobilenet PQ 128" beats "VGG16 PQ 128" in latency

    Examples:
      | backend |
      | cpu1    |
      | cpu4    |
      | npu     |

  Scenario Outline: VGG16 is slower than ResNet50 at <input> on <backend>, with fewer parameters
    Few big layers fit the memories worse than many small ones.
    Given the backend "<backend>"
    Then the variant "ResNet50 PQ <input>" beats "VGG16 PQ <input>" in latency

    Examples:
      | input | backend |
      | 32    | cpu1    |
      | 75    | cpu1    |
      | 128   | cpu1    |
      | 32    | cpu4    |
      | 75    | cpu4    |
      | 128   | cpu4    |
      | 32    | npu     |
      | 75    | npu     |
      | 128   | npu     |

  Scenario Outline: VGG16 128 is the slowest model on <backend>
    Given the backend "<backend>"
    Then the variant "InceptionV3 128" beats "VGG16 128" in latency
    And the variant "ResNet50 128" beats "VGG16 128" in latency
    And the variant "Mobilenet 128" beats "VGG16 128" in latency

    Examples:
      | backend |
      | cpu1    |
      | cpu4    |

  Scenario Outline: latency follows neither the number of parameters nor the depth on <backend>
    Given every variant
    And the backend "<backend>"
    Then its latency correlates with the parameters by at most 80 %
    And its latency correlates with the depth by at most 80 %

    Examples:
      | backend |
      | cpu1    |
      | cpu4    |
      | npu     |

  Scenario Outline: latency follows layer fit on <backend>
    The study shows it in figures 5.5 to 5.7 and gives no coefficient: only that
    they go together is claimed.
    Given every variant
    And the backend "<backend>"
    Then its latency correlates by rank with the layer fit by at least 0 %

    Examples:
      | backend |
      | cpu1    |
      | cpu4    |
      | npu     |
