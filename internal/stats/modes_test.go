package stats

import "testing"

func TestModesOfNamesTheGroups(t *testing.T) {
	m, ok := ModesOf([]float64{1.00, 1.12, 1.01, 0.99, 1.10, 1.00, 1.11, 1.02, 0.98, 1.01})
	if want := (Modes{Low: 1, High: 1.11, InLow: 7, InHigh: 3}); !ok || m != want {
		t.Errorf("%+v %v, want %+v", m, ok, want)
	}
	for name, values := range map[string][]float64{
		"none": nil, "all equal": make([]float64, 12), "evenly spread": rising(12),
		"one outlier": append(rising(12), 1000), "too few": {1, 1, 1, 2, 2, 2},
	} {
		if m, ok := ModesOf(values); ok {
			t.Errorf("%s: %+v, want none", name, m)
		}
	}
}
