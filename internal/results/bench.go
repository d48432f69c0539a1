package results

import (
	"bytes"
	"fmt"
	"path/filepath"

	"golang.org/x/perf/benchfmt"
)

// checkBench checks that bench.txt holds one line for each block with a judged inference, in order.
// An incomplete last line and missing last lines are notes.
func (r *Run) checkBench(text []byte) error {
	path := filepath.Join(r.Dir, benchFile)
	if end := bytes.LastIndexByte(text, '\n') + 1; end < len(text) {
		r.Notes = append(r.Notes, benchFile+": its last line is incomplete")
		text = text[:end]
	}
	var lines []benchLine
	br := benchfmt.NewReader(bytes.NewReader(text), path)
	for br.Scan() {
		switch rec := br.Result().(type) {
		case *benchfmt.SyntaxError:
			return rec
		case *benchfmt.Result:
			_, line := rec.Pos()
			lines = append(lines, benchLine{fmt.Sprintf("%s:%d", path, line), string(rec.Name), rec.Iters})
		}
	}
	if err := br.Err(); err != nil {
		return err
	}
	behind, err := r.match(lines, func(b *Block) int {
		n, _ := Metrics(b, r.Meta.LeaveOut())
		return n
	})
	if err != nil {
		// Older versions counted every steady inference, and wrote a line for every block.
		var old error
		behind, old = r.match(lines, func(b *Block) int {
			all, _ := b.Steady(0)
			return len(all)
		})
		if old != nil {
			return err
		}
	}
	if behind > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf(
			"%s lacks the last %d of %d lines; the samples have them", benchFile, behind, behind+len(lines)))
	}
	return nil
}

// A benchLine is a line of bench.txt.
type benchLine struct {
	at         string // file:line
	name       string
	inferences int
}

// match checks that the lines are those of the blocks that count inferences, in order, and returns
// how many of the last lines are missing.
func (r *Run) match(lines []benchLine, count func(*Block) int) (behind int, err error) {
	next := 0
	for i := range r.Blocks {
		b := &r.Blocks[i]
		n := count(b)
		switch want := benchName(b, r.Meta.Procs); {
		case n == 0:
		case next == len(lines):
			behind++
		case lines[next].name != want || lines[next].inferences != n:
			return 0, fmt.Errorf("%s: %s with %d inferences, but block %d of %s is %s with %d",
				lines[next].at, lines[next].name, lines[next].inferences, i+1, samplesFile, want, n)
		default:
			next++
		}
	}
	if next < len(lines) {
		return 0, fmt.Errorf("%s: %s has no block in %s", lines[next].at, lines[next].name, samplesFile)
	}
	return behind, nil
}

// benchName returns a block's name in bench.txt, without the word Benchmark.
func benchName(b *Block, procs int) string {
	name := "Inference/" + b.Combination.Name()
	if procs > 1 {
		name += fmt.Sprintf("-%d", procs)
	}
	return name
}

// benchResult returns a block's line, nil for one of which every inference is left out.
func benchResult(b *Block, meta *Meta) *benchfmt.Result {
	n, metrics := Metrics(b, meta.LeaveOut())
	if n == 0 {
		return nil
	}
	res := &benchfmt.Result{Name: benchfmt.Name(benchName(b, meta.Procs)), Iters: n, Values: metrics}
	for _, key := range configKeys {
		if value := meta.Config[key]; value != "" {
			res.Config = append(res.Config, benchfmt.Config{Key: key, Value: []byte(value), File: true})
		}
	}
	return res
}
