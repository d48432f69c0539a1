package load

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/internal/stats"
)

// A row is a tenant at a point over all rounds: medians over the rounds, sums of what was lost.
type row struct {
	combination    names.Combination
	rounds         int
	offered        float64 // requests due per second
	answered       float64 // per second
	p50, p90, p99  *float64
	queue          *float64
	late           float64
	requests, lost int
	reasons        map[string]int
}

func (r *Report) rows() []row {
	of := map[names.Combination][]*Figure{}
	var order []names.Combination
	for i := range r.Figures {
		f := &r.Figures[i]
		if of[f.Combination] == nil {
			order = append(order, f.Combination)
		}
		of[f.Combination] = append(of[f.Combination], f)
	}
	number := func(text string) float64 { n, _ := strconv.ParseFloat(text, 64); return n }
	slices.SortStableFunc(order, func(a, b names.Combination) int {
		return cmp.Or(cmp.Compare(number(a.Load.Rate), number(b.Load.Rate)),
			cmp.Compare(number(a.Load.Clients), number(b.Load.Clients)), cmp.Compare(a.Backend, b.Backend),
			cmp.Compare(a.Load.Tenant, b.Load.Tenant))
	})
	var all []row
	for _, c := range order {
		all = append(all, rowOf(c, of[c]))
	}
	return all
}

func rowOf(c names.Combination, figures []*Figure) row {
	w := row{combination: c, rounds: len(figures), reasons: map[string]int{}}
	var offered, answered, late []float64
	for _, f := range figures {
		offered = append(offered, float64(f.Requests)/f.Seconds)
		answered = append(answered, float64(f.Answered)/f.Seconds)
		late = append(late, f.LateP99)
		w.requests += f.Requests
		w.lost += f.Losses()
		for reason, n := range f.Lost {
			w.reasons[reason] += n
		}
	}
	w.offered, w.answered, w.late = stats.Median(offered), stats.Median(answered), stats.Median(late)
	w.p50 = typical(figures, func(f *Figure) *float64 { return f.P50 })
	w.p90 = typical(figures, func(f *Figure) *float64 { return f.P90 })
	w.p99 = typical(figures, func(f *Figure) *float64 { return f.P99 })
	w.queue = typical(figures, func(f *Figure) *float64 { return f.Queue })
	return w
}

// typical returns the median over the rounds, nil if a round lacks the figure.
func typical(figures []*Figure, of func(*Figure) *float64) *float64 {
	var all []float64
	for _, f := range figures {
		x := of(f)
		if x == nil {
			return nil
		}
		all = append(all, *x)
	}
	return new(stats.Median(all))
}

// Text returns the report for people: a row for each tenant at each point, what was lost, and the
// answer to the SLO.
func (r *Report) Text() string {
	rows := r.rows()
	milli := func(x *float64) any {
		if x == nil {
			return "-"
		}
		return fmt.Sprintf("%.3f", 1e3**x)
	}
	var t sheet.Table[row]
	t.Left("load", func(w row) any {
		if w.combination.Load.Rate != "" {
			return w.combination.Load.Rate + "/s"
		}
		return names.Load{Clients: w.combination.Load.Clients}.String()
	})
	hosts := slices.ContainsFunc(rows, func(w row) bool {
		return w.combination.Backend != rows[0].combination.Backend
	})
	if hosts {
		t.Left("host", func(w row) any { name, _ := w.combination.Backend.Host(); return name })
	}
	if slices.ContainsFunc(rows, func(w row) bool { return w.combination.Load.Tenant != "" }) {
		t.Left("tenant", func(w row) any { return w.combination.Load.Tenant })
	}
	t.Right("asked/s", func(w row) any { return fmt.Sprintf("%.1f", w.offered) })
	t.Right("answered/s", func(w row) any { return fmt.Sprintf("%.1f", w.answered) })
	t.Right("p50 ms", func(w row) any { return milli(w.p50) })
	t.Right("p90 ms", func(w row) any { return milli(w.p90) })
	t.Right("p99 ms", func(w row) any { return milli(w.p99) })
	t.Right("mean queue ms", func(w row) any { return milli(w.queue) })
	t.Right("lost", func(w row) any {
		if w.lost == 0 {
			return "0"
		}
		return fmt.Sprintf("%.3g %%", 100*float64(w.lost)/float64(w.requests))
	})
	t.Right("generator late p99 ms", func(w row) any { return milli(&w.late) })
	t.Right("rounds", func(w row) any { return w.rounds })
	text := t.Text(rows)
	var late []string
	for _, w := range rows {
		name := w.combination.Load.String()
		if hosts {
			host, _ := w.combination.Backend.Host()
			name = host + " " + name
		}
		if w.lost > 0 {
			text += fmt.Sprintf("%s: lost %d of %d requests: %s; each counts as one of %v\n",
				name, w.lost, w.requests, lostText(w.reasons), seconds(r.Timeout))
		}
		if worst := cmp.Or(w.p99, w.p90, w.p50); worst != nil && w.late > *worst/4 {
			late = append(late, name)
		}
	}
	if late != nil {
		text += "the generator's own lateness is more than a quarter of the latency " + strings.Join(late, ", ") +
			"; ask from a machine that is less busy\n"
	}
	if r.Capacity != nil {
		text += "\n" + r.Capacity.Text()
	}
	return text
}

func seconds(s float64) time.Duration { return time.Duration(s * 1e9) }

// lostText lists reasons with their counts, the most frequent first.
func lostText(lost map[string]int) string {
	reasons := slices.SortedFunc(maps.Keys(lost), func(a, b string) int {
		return cmp.Or(cmp.Compare(lost[b], lost[a]), cmp.Compare(a, b))
	})
	var all []string
	for _, reason := range reasons {
		all = append(all, fmt.Sprintf("%s %d", reason, lost[reason]))
	}
	return cmp.Or(strings.Join(all, ", "), "no request was due")
}

// summary is a round's figures in one line.
func summary(figures []Figure) string {
	var all []string
	for _, f := range figures {
		text := fmt.Sprintf("%d answered in %v", f.Answered, seconds(f.Seconds))
		if f.P99 != nil {
			text += fmt.Sprintf(", p99 %.4g ms", 1e3**f.P99)
		}
		if f.Losses() > 0 {
			text += ", lost " + lostText(f.Lost)
		}
		if f.Combination.Load.Tenant != "" {
			text = f.Combination.Load.Tenant + " " + text
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// Text returns the interval in which the highest rate lies, and what was found at each rate.
func (c *Capacity) Text() string {
	var b strings.Builder
	rate := func(r float64) string { return names.Rate(r) + "/s" }
	switch {
	case c.Passes != nil && c.Fails != nil:
		fmt.Fprintf(&b, "The highest rate that keeps %s is between %s and %s.\n", c.SLO, rate(*c.Passes), rate(*c.Fails))
	case c.Passes != nil:
		fmt.Fprintf(&b, "The highest rate that keeps %s is at least %s; no measured rate fails.\n", c.SLO, rate(*c.Passes))
	case c.Fails != nil:
		fmt.Fprintf(&b, "The highest rate that keeps %s is below %s; no measured rate passes.\n", c.SLO, rate(*c.Fails))
	default:
		fmt.Fprintf(&b, "No measured rate decides whether %s is kept.\n", c.SLO)
	}
	var t sheet.Table[Verdict]
	t.Right("rate", func(v Verdict) any { return rate(v.Rate) })
	t.Right("typical ms", func(v Verdict) any { return fmt.Sprintf("%.3f", 1e3*v.Value) })
	t.Left("verdict", func(v Verdict) any {
		if v.Reason != "" {
			return v.Answer + ": " + v.Reason
		}
		return v.Answer
	})
	b.WriteString(t.Text(c.Rates))
	return b.String()
}
