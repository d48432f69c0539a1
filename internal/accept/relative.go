package accept

import (
	"math"
	"slices"

	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model"
)

// A Yardstick is what a measured latency is held against in the same round.
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
	Statistic Statistic
	Lo, Hi    float64 // bounds of the ratio; 0 or +Inf for none
	Text      string  // the bounds as written
}

// Judge implements Claim.
func (l RelativeLimit) Judge(data *Data, alpha float64) Judgement {
	g := Judgement{
		Subject: l.Subject.String(), Measure: l.Statistic.String() + " latency over " + string(l.Yardstick),
		Bound: l.Text, Unit: times,
	}
	return judge(l, data, g, func(g *Judgement) error {
		s, err := data.series(l.Combination(), Latency)
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
		g.count(s)
		var logs []float64
		for _, b := range blocks {
			i, y := slices.Index(s.Rounds, b.Round), l.yardstick(b, data.leaveOut())
			if i >= 0 && y > 0 {
				logs = append(logs, math.Log(l.Statistic.of(s.Values[i])/y))
			}
		}
		if len(logs) == 0 {
			return missing("no round holds both it and what it is held against")
		}
		return g.ratio(logs, math.Log(l.Lo), math.Log(l.Hi), alpha)
	})
}

// yardstick returns what the latency is held against in a block, in seconds; 0 if unknown.
func (l RelativeLimit) yardstick(b results.Block, leaveOut results.Mark) float64 {
	if l.Yardstick == CalibrationTime {
		return b.Calibration
	}
	exec, _ := Execution.values(b, leaveOut)
	if len(exec) == 0 {
		return 0
	}
	kept, _ := b.Steady(leaveOut)
	network := l.Link.NetworkTime(model.Bytes(kept[0].Sent), model.Bytes(kept[0].Received))
	return l.Statistic.of(exec) + float64(network)
}
