package stats

import (
	"errors"
	"slices"
	"testing"
)

func TestLossesAtMostCountsRequests(t *testing.T) {
	for _, tc := range []struct {
		name     string
		lost     []int
		requests int // of each round
		share    float64
		want     Decision
	}{
		{"none of 24 x 300", make([]int, 24), 300, 0.001, Pass},
		{"none of 24 x 100", make([]int, 24), 100, 0.001, Inconclusive},
		{"5 % in every round", slices.Repeat([]int{15}, 12), 300, 0.001, Fail},
		{"1 % evenly, 2 % allowed", slices.Repeat([]int{3}, 24), 300, 0.02, Pass},
		{"1 % in one burst, 2 % allowed", append(make([]int, 23), 72), 300, 0.02, Inconclusive},
		{"one round", []int{0}, 100_000, 0.001, Inconclusive},
	} {
		requests := slices.Repeat([]int{tc.requests}, len(tc.lost))
		r, err := LossesAtMost(tc.lost, requests, tc.share, 0.01)
		if err != nil {
			t.Fatal(tc.name, err)
		}
		if r.Decision != tc.want || (r.Decision == Inconclusive) != (r.More > 0) {
			t.Errorf("%s: %+v, want %v", tc.name, r, tc.want)
		}
	}
}

func TestLossesAtMostRefusesWhatAreNotCounts(t *testing.T) {
	if _, err := LossesAtMost(nil, nil, 0.1, 0.01); !errors.Is(err, ErrNoData) {
		t.Errorf("no rounds: error %v", err)
	}
	for _, tc := range []struct{ lost, requests []int }{
		{[]int{1}, []int{10, 10}}, {[]int{11}, []int{10}}, {[]int{-1}, []int{10}}, {[]int{0, 0}, []int{10, 0}},
	} {
		if _, err := LossesAtMost(tc.lost, tc.requests, 0.1, 0.01); err == nil {
			t.Errorf("%v of %v has a share", tc.lost, tc.requests)
		}
	}
}
