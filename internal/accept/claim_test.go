package accept

import (
	"errors"
	"math"
	"testing"

	"github.com/crossover-bench/crossover/internal/names"
)

// fixed is a claim whose answer is known.
type fixed struct {
	needs   []names.Combination
	verdict Verdict
	value   *float64
	err     error
	alpha   *float64 // set by Judge
}

func (f fixed) Needs() []names.Combination { return f.needs }

func (fixed) ErrorRate() float64 { return LimitError }

func (f fixed) Judge(_ *Data, alpha float64) Judgement {
	if f.alpha != nil {
		*f.alpha = alpha
	}
	return Judgement{Verdict: f.verdict, Value: f.value, Err: f.err}
}

func TestAssertionIsMadeUnderItsConditionsAlone(t *testing.T) {
	value := 1.0
	claim := func(v Verdict) Claim { return fixed{verdict: v, value: &value} }
	required := fixed{verdict: Fail} // a backend that is required but absent has no value
	broken := fixed{verdict: Invalid, err: errors.New("broken")}
	for _, tc := range []struct {
		name  string
		claim Verdict
		when  []Claim
		want  Verdict // empty for none
	}{
		{"no condition", Fail, nil, Fail},
		{"a condition holds", Fail, []Claim{claim(Pass)}, Fail},
		{"a condition fails", Fail, []Claim{claim(Fail)}, ""},
		{"the second fails", Pass, []Claim{claim(Inconclusive), claim(Fail)}, ""},
		{"a condition is open", Fail, []Claim{claim(Inconclusive)}, Inconclusive},
		{"a condition is open and the claim holds", Pass, []Claim{claim(Inconclusive)}, Pass},
		{"a condition is skipped", Pass, []Claim{fixed{verdict: Skipped}}, Skipped},
		{"a condition has no data", Pass, []Claim{fixed{verdict: Missing}}, Missing},
		{"a condition's backend is required", Pass, []Claim{required}, Fail},
		{"a condition cannot be judged", Pass, []Claim{broken}, Invalid},
	} {
		g := Assertion{Claim: claim(tc.claim), When: tc.when}.judge(nil, Looks{})
		switch {
		case g == nil && tc.want != "":
			t.Errorf("%s: nothing was judged, want %s", tc.name, tc.want)
		case g != nil && g.Verdict != tc.want:
			t.Errorf("%s: %s, want %q", tc.name, g.Verdict, tc.want)
		}
	}
}

func TestLooksSpendTheErrorRateOfWhatWasMeasuredFurther(t *testing.T) {
	old := names.Combination{Variant: "model=m", Backend: "cpu1", Link: names.LinkNone}
	fresh := names.Combination{Variant: "model=m", Backend: "cpu4", Link: names.LinkNone}
	looks := Looks{Look: 3, Of: 8, Last: map[string]int{old.Name(): 1, fresh.Name(): 3}}
	for _, tc := range []struct {
		name  string
		looks Looks
		needs []names.Combination
		want  float64
	}{
		{"the only look", Looks{}, []names.Combination{old}, LimitError},
		{"decided at the first look", looks, []names.Combination{old}, 0.4 * LimitError},
		{"measured further", looks, []names.Combination{old, fresh}, 0.6 * LimitError / 7},
		{"what no round changes", looks, nil, LimitError},
	} {
		var alpha float64
		tc.looks.judge(fixed{needs: tc.needs, verdict: Pass, alpha: &alpha}, nil)
		if math.Abs(alpha-tc.want) > 1e-12 {
			t.Errorf("%s: may err with %v, want %v", tc.name, alpha, tc.want)
		}
	}
	spent := Looks{Look: 9, Of: 8}
	g := spent.judge(fixed{needs: []names.Combination{old}, verdict: Pass}, nil)
	if g.Err == nil || g.Verdict != Invalid {
		t.Errorf("a look beyond the last: %+v", g)
	}
}
