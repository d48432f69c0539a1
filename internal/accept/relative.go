package accept

import (
	"math"

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
		yard, err := l.yardstick(data)
		if err != nil {
			return err
		}
		g.count(s)
		var logs []float64
		for i, round := range s.Rounds {
			if y := yard[round]; y > 0 {
				logs = append(logs, math.Log(l.Statistic.of(s.Values[i])/y))
			}
		}
		if len(logs) == 0 {
			return missing("no round holds both it and what it is held against")
		}
		return g.ratio(logs, math.Log(l.Lo), math.Log(l.Hi), alpha)
	})
}

// yardstick returns what the latency is held against, by round, in seconds.
func (l RelativeLimit) yardstick(data *Data) (map[int]float64, error) {
	c := l.Combination()
	if l.Yardstick == ModelTime && l.Link == nil {
		return nil, unsupported("a limit relative to the model", "the model says nothing of "+c.Name(),
			"choose a host and a link with a profile")
	}
	blocks, err := data.blocksOf(c)
	if err != nil {
		return nil, err
	}
	out := map[int]float64{}
	for _, b := range blocks {
		if l.Yardstick == CalibrationTime {
			if b.Calibration > 0 {
				out[b.Round] = b.Calibration
			}
			continue
		}
		exec, _ := Execution.values(b, data.leaveOut())
		if len(exec) == 0 {
			continue
		}
		kept, _ := b.Steady(data.leaveOut())
		network := l.Link.NetworkTime(model.Bytes(kept[0].Sent), model.Bytes(kept[0].Received))
		out[b.Round] = l.Statistic.of(exec) + float64(network)
	}
	if l.Yardstick == CalibrationTime && len(out) == 0 {
		return nil, missing("%s holds no calibration run of it;"+
			" crossover accept takes one for each local CPU backend", data.Name)
	}
	return out, nil
}
