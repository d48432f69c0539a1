package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/exit"
)

// output runs a command line and returns what it prints.
func output(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(&env{Context: context.Background(), stdout: &stdout, stderr: &stderr}, args); code != exit.OK {
		t.Fatalf("crossover %s: exit code %d: %s", strings.Join(args, " "), code, &stderr)
	}
	return stdout.String()
}

// Computed by hand: exec 3 ms, 100 B back, 0.91 W while waiting, a payload of
// 32*32*3 = 3072, 75*75*3 = 16875 and 128*128*3 = 49152 B.
//
//	t = 2 * one way + s / up + 100 B / down + 3 ms          (2.1) to (2.3)
//	E = 0.91 W * t + s * up energy + 100 B * down energy    (2.4), (2.5)
//
//	ethernet  20 + 1.010526315789 + 0.014025245442 + 3 =  24.024551561231 ms
//	          20 + 5.550986842105 + 0.014025245442 + 3 =  28.565012087547 ms
//	          20 + 16.168421052632 + 0.014025245442 + 3 = 39.182446298073 ms
//	          21.862341920720 + 0.393216 + 0.0057 =       22.261257920720 mJ
//	          25.994160999668 + 2.160000 + 0.0057 =       28.159860999668 mJ
//	          35.656026131247 + 6.291456 + 0.0057 =       41.953182131247 mJ
//	radio     58 + 3.072 + 0.028328611898 + 3 =           64.100328611898 ms
//	          58 + 16.875 + 0.028328611898 + 3 =          77.903328611898 ms
//	          58 + 49.152 + 0.028328611898 + 3 =         110.180328611898 ms
//	          58.331299036827 + 0.427008 + 0.0110 =       58.769307036827 mJ
//	          70.892029036827 + 2.345625 + 0.0110 =       73.248654036827 mJ
//	          100.264099036827 + 6.832128 + 0.0110 =     107.107227036827 mJ
//	5g        2 + 0.121663366337 + 0.003960396040 + 3 =    5.125623762376 ms
//	          2 + 0.668316831683 + 0.003960396040 + 3 =    5.672277227723 ms
//	          2 + 1.946613861386 + 0.003960396040 + 3 =    6.950574257426 ms
//	          without the link's energy, which is unknown: 4.664317623762 mJ,
//	          5.161772277228 mJ, 6.325022574257 mJ
func TestPredictEqualsTheFiguresComputedByHand(t *testing.T) {
	want := []struct {
		link            string
		latency, energy float64 // ms, mJ
	}{
		{"ethernet", 24.024551561231, 22.261257920720},
		{"ethernet", 28.565012087547, 28.159860999668},
		{"ethernet", 39.182446298073, 41.953182131247},
		{"radio", 64.100328611898, 58.769307036827},
		{"radio", 77.903328611898, 73.248654036827},
		{"radio", 110.180328611898, 107.107227036827},
		{"5g", 5.125623762376, 4.664317623762},
		{"5g", 5.672277227723, 5.161772277228},
		{"5g", 6.950574257426, 6.325022574257},
	}
	var got struct {
		Origin      string
		Predictions []struct {
			Origin, Link  string
			Latency       float64  `json:"latency_s"`
			Energy        float64  `json:"energy_J"`
			EnergyMissing []string `json:"energy_missing"`
			EDP           float64  `json:"edp_Js"`
			Parts         struct {
				Transmit *float64 `json:"transmit_J"`
			} `json:"energy"`
		}
	}
	text := output(t, strings.Fields("predict --link ethernet --link radio --link 5g "+
		"--input 32x32x3 --input 75x75x3 --input 128x128x3 --output 100B --exec 3ms --idle-power 0.91W --json")...)
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Predictions) != len(want) {
		t.Fatalf("%d predictions, want %d", len(got.Predictions), len(want))
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 1e-9*want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	for i, p := range got.Predictions {
		w := want[i]
		if p.Link != w.link || p.Origin != "modelled" {
			t.Errorf("prediction %d is %s over %s, want modelled over %s", i, p.Origin, p.Link, w.link)
		}
		near("latency", p.Latency, w.latency/1e3)
		near("energy", p.Energy, w.energy/1e3)
		near("EDP", p.EDP, w.latency*w.energy/1e6)
		if unknown := w.link == "5g"; unknown != (p.Parts.Transmit == nil) || len(p.EnergyMissing) == 0 {
			t.Errorf("%s: transmit energy %v, missing %q", w.link, p.Parts.Transmit, p.EnergyMissing)
		}
	}
}

// TestREADMEOfTheModelShowsWhatTheCommandPrints runs every "$ crossover" line of
// model/README.md. -update rewrites what follows it.
func TestREADMEOfTheModelShowsWhatTheCommandPrints(t *testing.T) {
	const file = "../../model/README.md"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// A shown block is the command line, its output and the closing fence.
	blocks := strings.Split(string(data), "```console\n")
	var want strings.Builder
	want.WriteString(blocks[0])
	for _, block := range blocks[1:] {
		_, after, closed := strings.Cut(block, "```\n")
		command, _, _ := strings.Cut(block, "\n")
		args, ok := strings.CutPrefix(command, "$ crossover ")
		if !closed || !ok {
			t.Fatalf("%s: a console block does not show a crossover command: %q", file, command)
		}
		want.WriteString("```console\n" + command + "\n" + output(t, strings.Fields(args)...) + "```\n" + after)
	}
	if len(blocks) < 6 {
		t.Errorf("%s shows %d commands, want one of each verb at least", file, len(blocks)-1)
	}
	if want.String() == string(data) {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date; run: go test ./cmd/crossover -update", file)
	}
	if err := os.WriteFile(file, []byte(want.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
