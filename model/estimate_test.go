package model_test

import (
	"testing"

	"github.com/crossover-bench/crossover/model"
)

func TestEstimateReadsAValueWithAndWithoutItsInterval(t *testing.T) {
	for text, want := range map[string]string{
		"30ms": "30ms", "30ms+-2ms": "30ms (28ms to 32ms)",
		"30ms±2ms": "30ms (28ms to 32ms)", "1s +- 1ms": "1s (999ms to 1.001s)",
	} {
		var e model.Estimate[model.Seconds]
		if err := e.UnmarshalText([]byte(text)); err != nil || e.String() != want {
			t.Errorf("%q: %v, %v, want %s", text, e, err, want)
		}
	}
	for text, want := range map[string]string{
		"30ms+-30ms": `"30ms+-30ms" reaches down to zero or below`,
		"30ms+-2mJ":  `want seconds such as 10ms, got "2mJ", an energy`,
		"+-2ms":      `want seconds such as 10ms, got "", which is empty`,
	} {
		var e model.Estimate[model.Seconds]
		if err := e.UnmarshalText([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
