@quick
Feature: MobileNet 32 on this machine's processor
  What an inference costs here, in units of a calibration run of the same
  minute, the invocation alone: the limits hold on a slow laptop and on a fast
  desktop, and break when inference takes twice as long as it should on either.

  Background:
    Given the variant "Mobilenet PQ 32"
    And the backend "cpu1"

  Scenario: a typical inference costs what the calibration says
    Then its median latency is at most 1.5 times the calibration time

  Scenario: nine in ten inferences do, too
    Then its p90 latency is at most 1.8 times the calibration time

  Scenario: a board of 5 W would spend little on it
    Given the device "generic"
    Then its modelled energy per inference is at most 250 mJ
