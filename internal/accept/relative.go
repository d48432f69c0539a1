package accept

import (
	"math"

	"github.com/crossover-bench/crossover/internal/energy"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
	"github.com/crossover-bench/crossover/model"
)

// A Yardstick is what a figure is checked against in the same round.
type Yardstick string

// The yardsticks.
const (
	// ModelTime is equation 2.3 of the study: the measured execution time plus the network time by
	// the link's profile.
	ModelTime Yardstick = "the model's"
	// ReferenceNetwork is the time of the reference network right before the block, or what it would
	// cost the device in energy.
	ReferenceNetwork Yardstick = "that of the reference network"
)

// A RelativeLimit claims that the ratio of a figure to a yardstick keeps its bounds: the median over
// the rounds of each round's ratio, so that what slows the whole machine cancels.
type RelativeLimit struct {
	limiting
	Subject
	Yardstick Yardstick
	Link      *model.Link       // for ModelTime; nil if the place has no profile of a link
	Statistic results.Statistic // of the latency
	// Energy takes the modelled energy or EDP by Model instead, against ReferenceNetwork.
	Energy, EDP bool
	Model       *energy.Estimator
	Lo, Hi      float64 // bounds of the ratio; 0 or +Inf for none
	Text        string  // the bounds as written
}

// Inferences implements Lengthening.
func (l RelativeLimit) Inferences() int { return inferences(Latency, l.Statistic) }

// Judge implements Claim.
func (l RelativeLimit) Judge(data *Data, alpha float64) Judgement {
	of, name := Latency, measureOf(Latency, l.Statistic)
	g := Judgement{Subject: l.Subject.String(), Bound: l.Text, Unit: times}
	if l.Energy {
		of = energyQuantity(l.Model, l.Subject, l.EDP, true, data.leaveOut())
		name, g.Origin = of.Name, l.Model.Origin(l.Combination())
	}
	g.Measure = name + " over " + string(l.Yardstick)
	return judge(l, data, g, func(g *Judgement) error {
		if l.Energy {
			// What the model lacks depends on the combination only.
			e, err := l.Model.Inference(l.Combination(), 0, 0, 0)
			if err != nil {
				return err
			}
			if err := g.relative(l, of, data, alpha); err != nil {
				return err
			}
			g.note(l.Model.Powers())
			if len(e.Missing) > 0 && g.Value != nil {
				g.lowerBound(e.Missing, AtMost)
			}
			return nil
		}
		return g.relative(l, of, data, alpha)
	})
}

func (g *Judgement) relative(l RelativeLimit, of Quantity, data *Data, alpha float64) error {
	s, err := data.series(l.Combination(), of, l.Statistic)
	if err != nil {
		return err
	}
	if l.Yardstick == ModelTime && l.Link == nil {
		return unsupported("a limit relative to the model", "the model says nothing of "+l.Combination().Name(),
			"choose a host and a link with a profile")
	}
	g.count(s)
	if why := s.TooShort(); why != "" {
		return &unanswered{Verdict: Inconclusive, Reason: why, Short: true}
	}
	var logs []float64
	blocks := data.blocks[l.Combination()]
	for i := range blocks {
		value, ok := s.At(blocks[i].Round)
		if y := l.yardstick(&blocks[i], data.leaveOut()); ok && y > 0 && value > 0 {
			logs = append(logs, math.Log(value/y))
		}
	}
	switch {
	case len(logs) == 0 && l.Yardstick == ReferenceNetwork:
		return missing("%s has no time of the reference network; crossover accept takes one before each block",
			data.Name)
	case len(logs) == 0:
		return missing("no round holds both it and what it is checked against")
	}
	c := ratioClaim{lo: math.Log(l.Lo), hi: math.Log(l.Hi), resolution: summary.Resolution(len(logs), s)}
	if err := g.ratio(logs, c, alpha); err != nil {
		return err
	}
	g.note(s.Pattern().Sentence(of.Unit.Format))
	return nil
}

// yardstick returns what the figure is checked against in a block, in its unit; 0 if unknown.
func (l RelativeLimit) yardstick(b *results.Block, leaveOut results.Mark) float64 {
	if l.Yardstick == ReferenceNetwork {
		t := b.Reference
		if !l.Energy {
			return t
		}
		joules := float64(l.Model.Device.LocalEnergy(model.Seconds(t)).Joules)
		if l.EDP {
			return joules * t
		}
		return joules
	}
	exec, ok := l.Statistic.OfBlock(b, results.Execution, leaveOut)
	if !ok {
		return 0
	}
	kept, _ := b.Steady(leaveOut)
	network := l.Link.NetworkTime(model.Bytes(kept[0].Sent), model.Bytes(kept[0].Received))
	return exec + float64(network)
}
