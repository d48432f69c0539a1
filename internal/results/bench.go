package results

import (
	"bytes"
	"fmt"
	"path/filepath"

	"golang.org/x/perf/benchfmt"
)

// checkBench checks that bench.txt holds one line for each block, in order. An incomplete last line
// and missing last lines are notes.
func (r *Run) checkBench(text []byte) error {
	path := filepath.Join(r.Dir, benchFile)
	if end := bytes.LastIndexByte(text, '\n') + 1; end < len(text) {
		r.Notes = append(r.Notes, benchFile+": its last line is incomplete")
		text = text[:end]
	}
	br := benchfmt.NewReader(bytes.NewReader(text), path)
	lines := 0
	for br.Scan() {
		switch rec := br.Result().(type) {
		case *benchfmt.SyntaxError:
			return rec
		case *benchfmt.Result:
			_, line := rec.Pos()
			if lines == len(r.Blocks) {
				return fmt.Errorf("%s:%d: %s has no block in %s", path, line, rec.Name, samplesFile)
			}
			b := &r.Blocks[lines]
			n, _ := Metrics(b, r.Meta.LeaveOut())
			if want := benchName(b, r.Meta.Procs); string(rec.Name) != want || rec.Iters != n {
				return fmt.Errorf("%s:%d: %s with %d inferences, but block %d of %s is %s with %d",
					path, line, rec.Name, rec.Iters, lines+1, samplesFile, want, n)
			}
			lines++
		}
	}
	if err := br.Err(); err != nil {
		return err
	}
	if behind := len(r.Blocks) - lines; behind > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf(
			"%s lacks the last %d of %d lines; the samples have them", benchFile, behind, len(r.Blocks)))
	}
	return nil
}

// benchName returns a block's name in bench.txt, without the word Benchmark.
func benchName(b *Block, procs int) string {
	name := "Inference/" + b.Combination.Name()
	if procs > 1 {
		name += fmt.Sprintf("-%d", procs)
	}
	return name
}

func benchResult(b *Block, meta *Meta) *benchfmt.Result {
	n, metrics := Metrics(b, meta.LeaveOut())
	res := &benchfmt.Result{Name: benchfmt.Name(benchName(b, meta.Procs)), Iters: n, Values: metrics}
	for _, key := range configKeys {
		if value := meta.Config[key]; value != "" {
			res.Config = append(res.Config, benchfmt.Config{Key: key, Value: []byte(value), File: true})
		}
	}
	return res
}
