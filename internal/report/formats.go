package report

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// Markdown writes the run's table as Markdown, with the remarks as a list.
func Markdown(w io.Writer, run *results.Run) error {
	summaries := results.Summarize(run)
	var b strings.Builder
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
		"p90_sec", "p90_lo_sec", "p90_hi_sec", "p99_sec", "p99_lo_sec", "p99_hi_sec",
		"spread", "exec_sec", "network_sec", "sent_bytes", "received_bytes", "open_sec", "first_sec",
		"speed", "speed_lo", "speed_hi", "samples", "marked", "left_out", "all_marked", "rounds", "unsettled", "drifting",
	})
	num := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	opt := func(x *float64) string {
		if x == nil {
			return ""
		}
		return num(*x)
	}
	for _, s := range results.Summarize(run) {
		var speed [3]string
		if s.Speed != nil {
			speed = [3]string{num(s.Speed.Value), opt(s.Speed.Lo), opt(s.Speed.Hi)}
		}
		c := s.Combination
		cw.Write([]string{
			string(c.Variant), string(c.Backend), string(c.Link), string(s.Origin),
			num(s.Median), opt(s.Lo), opt(s.Hi), s.Interval,
			opt(s.P90), opt(s.P90Lo), opt(s.P90Hi), opt(s.P99), opt(s.P99Lo), opt(s.P99Hi),
			num(s.Spread), opt(s.Exec), opt(s.Network), opt(s.Sent), opt(s.Receive), num(s.Open), num(s.First),
			speed[0], speed[1], speed[2], strconv.Itoa(s.Samples), strconv.Itoa(s.Marked), strconv.Itoa(s.LeftOut),
			strconv.FormatBool(s.AllMarked), strconv.Itoa(s.Rounds), strconv.Itoa(s.Unsettled), strconv.Itoa(s.Drifting),
		})
	}
	cw.Flush()
	return cw.Error()
}

// JSON writes what the run says about itself and its summaries, in SI base
// units.
func JSON(w io.Writer, run *results.Run) error {
	summaries := results.Summarize(run)
	if summaries == nil {
		summaries = []results.Summary{}
	}
	var noise *machine.NoiseFloor
	if floor, err := results.NoiseFloor(run, summaries); err == nil {
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
		Summaries []results.Summary   `json:"summaries"`
	}{filepath.Base(run.Dir), run.Meta, run.Ledger, run.Missing(), run.Notes, noise, summaries})
}
