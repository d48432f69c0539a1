package record_test

import (
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/record"
)

func TestPercentIsAShareBetweenNothingAndEverything(t *testing.T) {
	for text, want := range map[string]float64{"1%": 0.01, "0.5 %": 0.005, " 75%": 0.75, "": 0} {
		var p record.Percent
		if err := p.UnmarshalText([]byte(text)); err != nil || p.Share != want {
			t.Errorf("%q: %v, %v; want %v", text, p.Share, err, want)
		}
	}
	for _, text := range []string{"5", "0%", "100%", "-1%", "NaN%", "one %", "%"} {
		p := record.Percent{Share: 0.25}
		err := p.UnmarshalText([]byte(text))
		if err == nil || !strings.Contains(err.Error(), "want a percentage such as 1%, got") || p.Share != 0.25 {
			t.Errorf("%q: %v, %v", text, p.Share, err)
		}
	}
	if got := (record.Percent{Share: 0.005}).String(); got != "0.5 %" {
		t.Errorf("half a percent is written %q", got)
	}
}
