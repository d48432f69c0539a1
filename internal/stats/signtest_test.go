package stats

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestTypicalAtMostPassesWithSevenClearRounds(t *testing.T) {
	for n := 1; n <= 8; n++ {
		values := rising(n)
		r, err := TypicalAtMost(values, 100, 0.01)
		if err != nil {
			t.Fatal(err)
		}
		want, more := Inconclusive, 7-n
		if n >= 7 {
			want, more = Pass, 0
		}
		if r.Decision != want || r.More != more {
			t.Errorf("%d clear rounds: %+v, want %v with %d more", n, r, want, more)
		}
	}
}

func TestTypicalAtMostOfTheValueItselfHasNoNumber(t *testing.T) {
	r, err := TypicalAtMost(rising(11), 6, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	if r.Decision != Inconclusive || r.More != Unknown || r.Value != 6 {
		t.Errorf("%+v, want inconclusive without a number at 6", r)
	}
}

// Twelve clear rounds of a sine look like as many; forty of them do not.
func TestTypicalAtMostCountsCorrelatedRoundsAsFewer(t *testing.T) {
	values := make([]float64, 40)
	for i := range values {
		values[i] = math.Sin(float64(i) / 10)
	}
	r, err := TypicalAtMost(values, 2, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	if r.Decision != Inconclusive || r.More < 1 {
		t.Errorf("%+v, want inconclusive and a number", r)
	}
}

func TestTypicalAtLeastMirrorsTypicalAtMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-10, 10), 1, 40).Draw(t, "values")
		limit := rapid.Float64Range(-10, 10).Draw(t, "limit")
		least, err := TypicalAtLeast(values, limit, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		most, err := TypicalAtMost(values, limit, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(values, limit) {
			return // a value on its limit keeps either claim, and counts differently for the two
		}
		if math.Abs(least.Value-most.Value) > 1e-12 || least.Interval != most.Interval || least.More != most.More {
			t.Fatalf("at least %+v, at most %+v: want one estimate", least, most)
		}
		if least.Decision == Pass && most.Decision == Pass {
			t.Fatalf("%v is both at least and at most %v", values, limit)
		}
	})
}

func TestTypicalAtMostRefusesWhatCannotBeJudged(t *testing.T) {
	if _, err := TypicalAtMost(nil, 1, 0.01); !errors.Is(err, ErrNoData) {
		t.Errorf("no rounds: error %v", err)
	}
	for _, tc := range []struct{ value, limit, alpha float64 }{
		{math.NaN(), 1, 0.01}, {1, math.NaN(), 0.01}, {1, 1, 0}, {1, 1, 0.5},
	} {
		if r, err := TypicalAtMost([]float64{tc.value}, tc.limit, tc.alpha); err == nil || r.Decision != Inconclusive {
			t.Errorf("%+v: %+v, %v; want an error", tc, r, err)
		}
	}
}
