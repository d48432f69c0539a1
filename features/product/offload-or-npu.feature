@product
Feature: Offload to the server, or infer on the NPU
  The question that a product with an NPU and a network answers for each of its
  models. Copy this folder, and put in your models, limits, powers and host.
  Judged without a board, on an example run that no machine measured:

    crossover accept --features features/product --results features/product/example

  Energy is modelled: the powers below times the latencies, and the link's energy
  per byte. The claims hold for these powers alone.

  Background:
    Given the variants:
      | Mobilenet PQ 75   |
      | ResNet50 PQ 75    |
      | InceptionV3 PQ 75 |
      | VGG16 PQ 75       |
    And the device "imx8mp" at "high" idle power
    And an active power of 4.5 W

  Scenario: offloading over Ethernet beats the NPU when the local latency is above 29 ms
    When the local latency on "npu" is above 29 ms
    Then offloading to "server" over "ethernet" beats "npu" in latency by at least 10 %

  Scenario: the NPU beats offloading over Ethernet when the local latency is below 26 ms
    When the local latency on "npu" is below 26 ms
    Then "npu" beats offloading to "server" over "ethernet" in latency

  Scenario: in modelled energy, offloading over Ethernet beats the NPU above 20 ms already
    It waits at less power than it computes, so the same model may lose time and
    gain energy.
    When the local latency on "npu" is above 20 ms
    Then offloading to "server" over "ethernet" beats "npu" in modelled energy by at least 10 %

  Scenario: in modelled EDP, offloading over Ethernet beats the NPU above 23 ms
    When the local latency on "npu" is above 23 ms
    Then offloading to "server" over "ethernet" beats "npu" in modelled EDP by at least 5 %

  Scenario: below 19 ms the NPU spends less modelled energy
    When the local latency on "npu" is below 19 ms
    Then "npu" beats offloading to "server" over "ethernet" in modelled energy

  Scenario: the crossing point over Ethernet stays where the product was designed for
    Then the crossing point between "npu" and "server" over "ethernet" is at most 29 ms

  Scenario: over Wi-Fi the NPU wins for every model
    Then "npu" beats offloading to "server" over "radio" in latency
    And "npu" beats offloading to "server" over "radio" in modelled EDP

  Scenario: an offloaded inference keeps its budgets
    Given the host "server" over the link "ethernet"
    Then its latency is at most 30 ms
    And its modelled energy per inference is at most 95 mJ
    And its modelled EDP is at most 2.7 mJs
    And its payload is at most 17 kB

  Scenario: with a meter, offloading over Ethernet spends less above 20 ms
    The same claim on measured energy. It is skipped until a run has a meter.
    Given a meter
    When the local latency on "npu" is above 20 ms
    Then offloading to "server" over "ethernet" beats "npu" in energy by at least 10 %

  Scenario: with a meter, an inference on the NPU keeps its energy budget
    Given a meter
    And the backend "npu"
    Then its energy per inference is at most 300 mJ
