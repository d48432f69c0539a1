package load

import (
	"slices"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

// A Figure says of one tenant at one point in one round what its samples do not.
type Figure struct {
	Combination names.Combination `json:"combination"`
	Round       int               `json:"round"`
	Seconds     float64           `json:"measured_sec"` // the block without its warm-up
	Requests    int               `json:"requests"`     // due in that time
	Answered    int               `json:"answered"`
	Lost        map[string]int    `json:"lost,omitempty"` // by reason
	// Late is by how much the generator missed the moment at which a request was due: its 99th
	// percentile and its maximum. The latencies contain it.
	LateP99 float64 `json:"generator_late_p99_sec"`
	LateMax float64 `json:"generator_late_max_sec"`
	// Percentiles of the latency, from the moment a request was due, with lost requests as the
	// timeout; nil if there are too few requests for one.
	P50 *float64 `json:"p50_sec"`
	P90 *float64 `json:"p90_sec"`
	P99 *float64 `json:"p99_sec"`
	// Queue is the mean time in which a request waited at the host for an interpreter; nil if the
	// host does not say.
	Queue *float64 `json:"queue_sec,omitempty"`

	latencies []float64 // sorted, in seconds
}

// Losses returns how many requests were lost.
func (f *Figure) Losses() int { return f.Requests - f.Answered }

// A window is the time of a block: warm-up, then the measured part.
type window struct{ warmup, measured time.Duration }

func (w window) length() time.Duration { return w.warmup + w.measured }

// block turns a tenant's outcomes into a block of the run and the figure beside it. The first
// request of all is PhaseFirst; those due in the warm-up are PhaseWarmup.
//
// A lost request took at least the timeout: whoever waits for an answer would still be waiting, and
// a host that refuses at once must not look fast for it.
func block(
	c names.Combination, round int, outcomes []outcome, w window, timeout time.Duration,
) (results.Block, Figure) {
	b := results.Block{
		Combination: c, Round: round,
		Warmup: results.Warmup{Settled: true, Time: w.warmup, Reason: "a fixed time"},
	}
	f := Figure{Combination: c, Round: round, Seconds: w.measured.Seconds(), Lost: map[string]int{}}
	var late, queue []float64
	for i, o := range outcomes {
		s := results.Sample{
			Phase: results.PhaseSteady, At: o.due, Total: o.done - o.due, Fill: o.timing.Fill, Exec: o.timing.Exec,
			Network: o.timing.Network, Queue: o.timing.Queue, Lateness: max(0, o.sent-o.due),
			Sent: o.timing.Sent, Received: o.timing.Received,
		}
		if o.lost != "" {
			s.Mark, s.Lost = s.Mark|results.MarkLost, 1
			s.Total = max(s.Total, timeout)
		}
		switch {
		case i == 0 && (w.warmup > 0 || len(outcomes) > 1):
			s.Phase = results.PhaseFirst
		case o.due < w.warmup:
			s.Phase = results.PhaseWarmup
			b.Warmup.Runs++
		default:
			f.Requests++
			if o.lost != "" {
				f.Lost[o.lost]++
			} else {
				f.Answered++
				queue = append(queue, s.Queue.Seconds())
			}
			late = append(late, s.Lateness.Seconds())
			f.latencies = append(f.latencies, s.Total.Seconds())
		}
		b.Samples = append(b.Samples, s)
	}
	slices.Sort(late)
	slices.Sort(f.latencies)
	if len(late) > 0 {
		f.LateP99, f.LateMax = stats.Quantile(late, 0.99), late[len(late)-1]
	}
	f.P50, f.P90, f.P99 = f.percentile(0.5), f.percentile(0.9), f.percentile(0.99)
	if sum := total(queue); sum > 0 {
		f.Queue = new(sum / float64(len(queue)))
	}
	return b, f
}

func total(all []float64) (sum float64) {
	for _, x := range all {
		sum += x
	}
	return sum
}

// percentile returns the p-quantile of the latencies, or nil if the round has too few requests.
func (f *Figure) percentile(p float64) *float64 {
	if len(f.latencies) < stats.LeastForPercentile(p) {
		return nil
	}
	return new(stats.Quantile(f.latencies, p))
}
