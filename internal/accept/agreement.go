package accept

import (
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
)

// An AgreementLimit claims that a compressed variant agrees with the uncompressed one on a share of
// the images. These count as independent draws from the images that could have been shown.
type AgreementLimit struct {
	limiting
	Variant KnownVariant
	Bound   Bound
}

// Needs implements Claim. Agreement is a variant's, wherever it runs.
func (AgreementLimit) Needs() []names.Combination { return nil }

// Judge implements Claim.
func (l AgreementLimit) Judge(data *Data, alpha float64) Judgement {
	g := Judgement{
		Subject: l.Variant.Title, Measure: "agreement with the uncompressed model",
		Bound: l.Bound.String(), Unit: share,
	}
	return judge(l, data, g, func(g *Judgement) error {
		a := data.Extras.Agreement[l.Variant.Name]
		if a.Images == 0 {
			return missing("%s records no agreement of it; the specs of the suites record it", data.Name)
		}
		test := stats.ProportionAtLeast
		if l.Bound.Direction == AtMost {
			test = stats.ProportionAtMost
		}
		r, err := test(a.Agreed, a.Images, l.Bound.Value, alpha)
		if err != nil {
			return err
		}
		g.Samples = a.Images
		g.answer(r, "images")
		return nil
	})
}
