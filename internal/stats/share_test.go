package stats

import (
	"errors"
	"testing"
)

func TestShareOfRoundsAtMostNeedsFortyFourClearRounds(t *testing.T) {
	for _, tc := range []struct {
		rounds, misses, more int
		want                 Decision
	}{
		{7, 0, 37, Inconclusive},
		{43, 0, 1, Inconclusive},
		{44, 0, 0, Pass},
		{63, 1, 0, Inconclusive},
		{64, 1, 0, Pass},
		{20, 10, 0, Fail},
	} {
		values := rising(tc.rounds)
		r, err := ShareOfRoundsAtMost(values, float64(tc.rounds-tc.misses), 0.9, 0.01)
		if err != nil {
			t.Fatal(err)
		}
		if r.Decision != tc.want || r.Value != float64(tc.rounds-tc.misses)/float64(tc.rounds) {
			t.Errorf("%d misses of %d: %+v, want %v", tc.misses, tc.rounds, r, tc.want)
		}
		if tc.misses == 0 && r.More != tc.more {
			t.Errorf("%d rounds without a miss: %d more, want %d", tc.rounds, r.More, tc.more)
		}
		if mirrored, err := ShareOfRoundsAtLeast(negated(values), -float64(tc.rounds-tc.misses), 0.9, 0.01); err != nil ||
			mirrored != r {
			t.Errorf("at least: %+v (%v), want %+v", mirrored, err, r)
		}
	}
}

func TestShareOfRoundsAtMostOnItsLimitHasNoNumber(t *testing.T) {
	r, err := ShareOfRoundsAtMost(rising(20), 18, 0.9, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	if r.Decision != Inconclusive || r.More != Unknown {
		t.Errorf("18 of 20 against 90 %%: %+v, want inconclusive without a number", r)
	}
	if _, err := ShareOfRoundsAtMost(nil, 18, 0.9, 0.01); !errors.Is(err, ErrNoData) {
		t.Errorf("no rounds: error %v", err)
	}
}
