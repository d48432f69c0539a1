package accept

import (
	"math"
	"slices"

	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
	"github.com/crossover-bench/crossover/model"
)

// A Yardstick is what a measured latency is checked against in the same round.
type Yardstick string

// The yardsticks.
const (
	// ModelTime is equation 2.3 of the study: the measured execution time plus the network time by
	// the link's profile.
	ModelTime Yardstick = "the model's"
	// CalibrationTime is that of the invocation alone in the calibration run before each block.
	CalibrationTime Yardstick = "the calibration time"
)

// A RelativeLimit claims that the ratio of a statistic of the latency to a yardstick keeps its
// bounds. It is taken round by round, so that what slows the whole machine cancels.
type RelativeLimit struct {
	limiting
	Subject
	Yardstick Yardstick
	Link      *model.Link // for ModelTime; nil if the place has no profile of a link
	Statistic results.Statistic
	Lo, Hi    float64 // bounds of the ratio; 0 or +Inf for none
	Text      string  // the bounds as written
}

// Inferences implements Lengthening.
func (l RelativeLimit) Inferences() int { return inferences(Latency, l.Statistic) }

// Judge implements Claim.
func (l RelativeLimit) Judge(data *Data, alpha float64) Judgement {
	g := Judgement{
		Subject: l.Subject.String(), Measure: l.Statistic.String() + " latency over " + string(l.Yardstick),
		Bound: l.Text, Unit: times,
	}
	return judge(l, data, g, func(g *Judgement) error {
		of, err := data.series(l.Combination(), Latency, l.Statistic)
		if err != nil {
			return err
		}
		blocks := data.blocks[l.Combination()]
		calibrated := func(b results.Block) bool { return b.Calibration > 0 }
		switch {
		case l.Yardstick == ModelTime && l.Link == nil:
			return unsupported("a limit relative to the model", "the model says nothing of "+l.Combination().Name(),
				"choose a host and a link with a profile")
		case l.Yardstick == CalibrationTime && !slices.ContainsFunc(blocks, calibrated):
			return missing("%s holds no calibration run of it;"+
				" crossover accept takes one for each local CPU backend", data.Name)
		}
		g.count(of)
		if why := of.TooShort(); why != "" {
			return &unanswered{Verdict: Inconclusive, Reason: why, Short: true}
		}
		var logs []float64
		for i := range blocks {
			value, ok := of.At(blocks[i].Round)
			if y := l.yardstick(&blocks[i], data.leaveOut()); ok && y > 0 {
				logs = append(logs, math.Log(value/y))
			}
		}
		if len(logs) == 0 {
			return missing("no round holds both it and what it is checked against")
		}
		c := ratioClaim{lo: math.Log(l.Lo), hi: math.Log(l.Hi), resolution: summary.Resolution(len(logs), of)}
		if err := g.ratio(logs, c, alpha); err != nil {
			return err
		}
		g.qualify(of)
		return nil
	})
}

// yardstick returns what the latency is checked against in a block, in seconds; 0 if unknown.
func (l RelativeLimit) yardstick(b *results.Block, leaveOut results.Mark) float64 {
	if l.Yardstick == CalibrationTime {
		return b.Calibration
	}
	exec, ok := l.Statistic.OfBlock(b, results.Execution, leaveOut)
	if !ok {
		return 0
	}
	kept, _ := b.Steady(leaveOut)
	network := l.Link.NetworkTime(model.Bytes(kept[0].Sent), model.Bytes(kept[0].Received))
	return exec + float64(network)
}
