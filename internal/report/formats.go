package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
)

// Markdown writes the run's table as Markdown, with the remarks as a list.
func Markdown(w io.Writer, run *results.Run) error {
	summaries := summary.Summarize(run)
	var b strings.Builder
	for _, line := range First(run, summaries) {
		b.WriteString(line + "\n\n")
	}
	if len(summaries) > 0 {
		b.WriteString(build(run, summaries).RenderMarkdown())
		b.WriteString("\n\n")
	}
	for _, line := range Remarks(run, summaries) {
		b.WriteString("- " + line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// CSV writes one row per combination, in SI base units.
func CSV(w io.Writer, run *results.Run) error {
	cw := csv.NewWriter(w)
	cw.Write([]string{
		"variant", "backend", "link", "origin", "median_sec", "median_lo_sec", "median_hi_sec", "interval",
		"mean_sec", "mean_lo_sec", "mean_hi_sec",
		"p90_sec", "p90_lo_sec", "p90_hi_sec", "p99_sec", "p99_lo_sec", "p99_hi_sec",
		"spread", "exec_sec", "network_sec", "sent_bytes", "received_bytes", "open_sec", "first_sec",
		"speed", "speed_lo", "speed_hi", "samples", "marked", "left_out", "lost", "median_of_all_sec", "longest_sec",
		"rounds", "pattern", "unsettled", "drifting",
		"rate", "clients", "tenant",
	})
	cell := func(x any) string {
		switch x := x.(type) {
		case *float64:
			if x == nil {
				return ""
			}
			return strconv.FormatFloat(*x, 'g', -1, 64)
		case float64:
			return strconv.FormatFloat(x, 'g', -1, 64)
		}
		return fmt.Sprint(x)
	}
	for _, s := range summary.Summarize(run) {
		var speed, speedLo, speedHi *float64
		if s.Speed != nil {
			speed, speedLo, speedHi = &s.Speed.Value, s.Speed.Lo, s.Speed.Hi
		}
		c := s.Combination
		var row []string
		for _, x := range []any{
			c.Variant, c.Backend, c.Link, s.Origin, s.Median, s.Lo, s.Hi, s.Interval,
			s.Mean, s.MeanLo, s.MeanHi,
			s.P90, s.P90Lo, s.P90Hi, s.P99, s.P99Lo, s.P99Hi,
			s.Spread, s.Exec, s.Network, s.Sent, s.Receive, s.Open, s.First,
			speed, speedLo, speedHi, s.Samples, s.Marked, s.LeftOut, s.Lost, s.MedianOfAll, s.Longest,
			s.Rounds, strings.Join(s.Pattern, "+"), s.Unsettled, s.Drifting,
			c.Load.Rate, c.Load.Clients, c.Load.Tenant,
		} {
			row = append(row, cell(x))
		}
		cw.Write(row)
	}
	cw.Flush()
	return cw.Error()
}

// JSON writes what the run says about itself and its summaries, in SI base units.
func JSON(w io.Writer, run *results.Run) error {
	summaries := summary.Summarize(run)
	var noise *machine.NoiseFloor
	if floor, err := summary.NoiseFloor(run, summaries); err == nil {
		noise = &floor
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Run       string              `json:"run"`
		Meta      results.Meta        `json:"meta"`
		Ledger    results.Ledger      `json:"ledger"`
		Missing   []names.Combination `json:"missing,omitempty"`
		Notes     []string            `json:"notes,omitempty"`
		Noise     *machine.NoiseFloor `json:"noise_floor,omitempty"`
		Resolved  *float64            `json:"resolution,omitempty"` // as a share of the latency
		Summaries []summary.Summary   `json:"summaries"`
	}{
		filepath.Base(run.Dir), run.Meta, run.Ledger, run.Missing(), run.Notes, noise,
		summary.ResolutionOf(summaries), summaries,
	})
}
