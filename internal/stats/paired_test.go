package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSignedRankMatchesTheTables(t *testing.T) {
	// P(T <= t) for n = 10: 8 -> 0.0244, 10 -> 0.0420 (any table of the test).
	for _, tc := range []struct {
		n, t int
		want float64
	}{
		{4, 0, 1.0 / 16},
		{5, 2, 3.0 / 32},
		{10, 8, 25.0 / 1024},
		{10, 10, 43.0 / 1024},
	} {
		if got := signedRankCDF(tc.n, tc.t); math.Abs(got-tc.want) > 1e-12 {
			t.Errorf("n=%d: P(T <= %d) = %v, want %v", tc.n, tc.t, got, tc.want)
		}
	}
	less, greater, err := SignedRank([]float64{-1, -2, -3, -4, -5, -6, -7, -8})
	if err != nil {
		t.Fatal(err)
	}
	if less != math.Exp2(-8) || greater != 1 {
		t.Errorf("eight negative differences: less %v, greater %v; want 2^-8 and 1", less, greater)
	}
}

func TestSignedRankApproximationMeetsTheExactDistribution(t *testing.T) {
	n := exactRounds
	exact := signedRankTable(n)
	for v := range exact {
		sd := math.Sqrt(float64(n) * float64(n+1) * float64(2*n+1) / 24)
		z := (float64(v) + 0.5 - float64(n*(n+1))/4) / sd
		if d := math.Abs(exact[v] - 0.5*math.Erfc(-z/math.Sqrt2)); d > 5e-4 {
			t.Fatalf("P(T <= %d) is off by %v", v, d)
		}
	}
}

func TestSignedRankOfZeroDifferencesSupportsNoClaim(t *testing.T) {
	less, greater, err := SignedRank(make([]float64, 20))
	if err != nil {
		t.Fatal(err)
	}
	if less != 1 || greater != 1 {
		t.Errorf("twenty zeros: less %v, greater %v; want 1 and 1", less, greater)
	}
	r, err := PairedBelow(make([]float64, 20), 0, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	if r.Decision != Inconclusive {
		t.Errorf("equal rounds: %v, want inconclusive", r.Decision)
	}
}

func TestPairedBelowDecidesAsThePValuesDo(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for range 500 {
		d := make([]float64, 1+r.IntN(30))
		for i := range d {
			d[i] = math.Round(10*(r.NormFloat64()+0.5*float64(r.IntN(3)-1))) / 10
		}
		res, err := PairedBelow(d, 0, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		less, greater, err := SignedRank(d)
		if err != nil {
			t.Fatal(err)
		}
		want := Inconclusive
		if less <= 0.05 {
			want = Pass
		} else if greater <= 0.05 {
			want = Fail
		}
		if res.Decision != want {
			t.Fatalf("%v: %v by the interval, %v by the p-values %v, %v", d, res.Decision, want, less, greater)
		}
	}
}

// Each round has its own speed, which both sides share. Without pairing it would
// hide differences or create them.
func TestPairedBelowFalseBeatsStayWithinTheirErrorOverLooks(t *testing.T) {
	t.Parallel()
	const looks = 4
	bound := math.Log(1 - 0.1) // "by at least 10 %", and the truth is exactly 10 %
	beats := func(alpha func(look int) float64) float64 {
		r := rand.New(rand.NewPCG(4, 4))
		total, wrong := trials(2000), 0
		for range total {
			var d []float64
			for look := 1; look <= looks; look++ {
				for range max(8, len(d)) {
					a := bound + 0.03*r.NormFloat64()
					b := 0.03 * r.NormFloat64()
					d = append(d, a-b)
				}
				res, err := PairedBelow(d, bound, alpha(look))
				if err != nil {
					t.Fatal(err)
				}
				if res.Decision == Pass {
					wrong++
				}
				if res.Decision != Inconclusive {
					break
				}
			}
		}
		return float64(wrong) / float64(total)
	}
	spend := Spending{Alpha: 0.05, Looks: looks}
	if share := beats(func(look int) float64 {
		a, err := spend.At(look)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}); share > 0.05 {
		t.Errorf("false beats %.2f %%, want at most 5 %%", 100*share)
	}
	if share := beats(func(int) float64 { return 0.05 }); share <= 0.05 {
		t.Errorf("false beats %.2f %% with the whole error at every look: the simulation shows nothing", 100*share)
	}
}

func TestPairedBelowSaysHowManyRoundsWouldDecide(t *testing.T) {
	r, err := PairedBelow([]float64{-0.1, -0.12, -0.11}, 0, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	if r.Decision != Inconclusive || r.More != 2 {
		t.Errorf("three clear rounds: %+v, want two more (2^-5 <= 0.05)", r)
	}
}

func TestHolmStepsDown(t *testing.T) {
	got := Holm([]float64{0.04, 0.01, 0.03, 0.005})
	want := []float64{0.06, 0.03, 0.06, 0.02}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Fatalf("Holm = %v, want %v", got, want)
		}
	}
}
