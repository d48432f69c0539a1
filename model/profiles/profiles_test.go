package profiles_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

func ExampleLink() {
	l, err := profiles.Link("ethernet")
	fmt.Println(l.OneWay, l.Up, l.Down, *l.EnergyUp, *l.EnergyDown, err)
	_, err = profiles.Link("ethernt")
	fmt.Println(err)
	// Output:
	// 10ms 3.04MB/s 7.13MB/s 128nJ/B 57nJ/B <nil>
	// no link is called "ethernt"; did you mean "ethernet"?
}

func ExampleSet_Links() {
	for _, l := range profiles.BuiltIn().Links() {
		fmt.Println(l.Name)
	}
	// Output:
	// ethernet
	// radio
	// 5g
	// ethernet-tables
	// radio-tables
	// imt-2020-1ms
	// imt-2020-4ms
	// loopback
}

func TestBuiltInProfilesHoldTheStudysFigures(t *testing.T) {
	s := profiles.BuiltIn()
	nJ := func(v float64) *model.JoulesPerByte { return new(model.JoulesPerByte(v / 1e9)) }
	for _, want := range []model.Link{
		{Name: "ethernet", OneWay: 0.010, Up: 3.04e6, Down: 7.13e6, EnergyUp: nJ(128), EnergyDown: nJ(57)},
		{Name: "radio", OneWay: 0.029, Up: 1e6, Down: 3.53e6, EnergyUp: nJ(139), EnergyDown: nJ(110)},
		{Name: "5g", OneWay: 0.001, Up: 25.25e6, Down: 25.25e6},
		{Name: "ethernet-tables", OneWay: 0.010, Up: 9.12e6, Down: 7.13e6, EnergyUp: nJ(0), EnergyDown: nJ(0)},
		{Name: "radio-tables", OneWay: 0.029, Up: 3e6, Down: 3.53e6, EnergyUp: nJ(0), EnergyDown: nJ(0)},
	} {
		got, err := s.Link(want.Name)
		if err != nil {
			t.Error(err)
		}
		if got.Source == "" {
			t.Errorf("%s has no source", want.Name)
		}
		got.Source = ""
		if show(got) != show(want) {
			t.Errorf("got %s, want %s", show(got), show(want))
		}
	}
	d, err := s.Device("imx8mp")
	if err != nil {
		t.Fatal(err)
	}
	low, err := d.IdleMode("low")
	if err != nil || low.Power != 0.91 || !low.Suspends {
		t.Errorf("idle low: %+v, %v", low, err)
	}
	high, err := d.IdleMode("high")
	if err != nil || high.Power != 3.05 || high.Suspends {
		t.Errorf("idle high: %+v, %v", high, err)
	}
	want := []model.Memory{{Name: "L1", Size: 32 << 10}, {Name: "L2", Size: 512 << 10}, {Name: "RAM", Size: 868 << 10}}
	if !reflect.DeepEqual(d.Memories, want) {
		t.Errorf("memories %v, want %v", d.Memories, want)
	}
	if pi, err := s.Device("raspberry-pi-zero-2w"); err != nil || pi.Idle[0].Power != 0.6 {
		t.Errorf("%+v, %v", pi, err)
	}
	if len(s.Hosts()) != 2 {
		t.Errorf("%d hosts, want the study's two", len(s.Hosts()))
	}
}

// show prints a link with its pointers followed.
func show(l model.Link) string {
	e := func(v *model.JoulesPerByte) string {
		if v == nil {
			return "unknown"
		}
		return v.String()
	}
	return fmt.Sprint(l.Name, l.OneWay, l.Up, l.Down, e(l.EnergyUp), e(l.EnergyDown))
}

func load(t *testing.T, text string) (*profiles.Set, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return profiles.Load(file)
}

func TestLoadReplacesBuiltInProfiles(t *testing.T) {
	s, err := load(t, `
links:
  - {name: ethernet, latency: 1ms, up: 1MB/s, down: 1MB/s, source: mine}
  - {name: wifi, latency: 4ms, up: 12Mbit/s, down: 30Mbit/s, source: mine,
     jitter: {distribution: uniform, mean: 1ms}, loss: {probability: 0.1, retransmit: 200ms}}
`)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := s.Link("ethernet"); err != nil || l.OneWay != 0.001 || l.EnergyUp != nil {
		t.Errorf("ethernet was not replaced whole: %+v, %v", l, err)
	}
	if l, err := s.Link("wifi"); err != nil || l.Jitter.Mean != 0.001 || l.Loss.Probability != 0.1 {
		t.Errorf("wifi: %+v, %v", l, err)
	}
	if _, err := s.Link("radio"); err != nil {
		t.Error(err)
	}
	if l, err := profiles.Link("ethernet"); err != nil || l.OneWay != 0.010 {
		t.Errorf("the built-in set changed: %+v, %v", l, err)
	}
}

// aLink is a profile file whose last entry can be continued.
const aLink = "links:\n  - name: a\n    latency: 1ms\n    up: 1MB/s\n    down: 1MB/s\n"

func TestLoadNamesFileLineAndFieldOfAFault(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{
			"misspelt key", "links:\n  - name: a\n    latncy: 1ms\n",
			`mine.yaml:3:5: unknown key "latncy"; did you mean "latency"?`,
		},
		{"misspelt section", "link:\n  - name: a\n", `mine.yaml:1:1: unknown key "link"; did you mean "links"?`},
		{
			"wrong unit", "links:\n  - name: a\n    latency: 10mW\n",
			`mine.yaml:3:14: latency: want seconds such as 10ms, got "10mW", a power`,
		},
		{
			"no unit", "links:\n  - name: a\n    latency: 10\n",
			`mine.yaml:3:14: latency: want seconds such as 10ms, got "10", which has no unit`,
		},
		{
			"missing", "links:\n  - name: a\n    latency: 1ms\n    up: 1MB/s\n    source: s\n",
			`mine.yaml:2:11: link a: "down" is missing`,
		},
		{
			"zero", "links:\n  - name: a\n    latency: 1ms\n    up: 0MB/s\n    down: 1MB/s\n    source: s\n",
			`mine.yaml:4:9: link a: up: want a value that is not empty or zero`,
		},
		{"no source", "hosts:\n  - name: a\n", `mine.yaml:2:11: host a: "source" is missing`},
		{
			"zero power", "hosts:\n  - name: a\n    active: 0W\n    source: s\n",
			`mine.yaml:3:13: host a: active: want watts above zero, got 0W`,
		},
		{
			"certain loss", aLink + "    loss: {probability: 1, retransmit: 1ms}\n    source: s\n",
			`mine.yaml:6:25: link a: loss: want a probability of at least 0 and below 1, got 1`,
		},
		{
			"unknown distribution", aLink + "    jitter: {distribution: normal, mean: 1ms}\n    source: s\n",
			`mine.yaml:6:28: link a: jitter: distribution "normal" is not known; want uniform or exponential`,
		},
		{"no idle", "devices:\n  - name: a\n    source: s\n", `mine.yaml:2:11: device a: "idle" is missing`},
		{
			"wake of a mode that does not suspend",
			"devices:\n  - name: a\n    idle:\n      - {name: i, power: 1W, wake-time: 1ms, source: s}\n    source: s\n",
			`mine.yaml:2:11: device a: idle i: wake-time and wake-energy belong to an idle mode that suspends`,
		},
		{"twice", "hosts:\n  - {name: a, source: s}\n  - {name: a, source: s}\n", `mine.yaml:3:12: host a is declared twice`},
		{"nothing", "links: []\n", `mine.yaml: it declares no links, devices or hosts`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(t, c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestWriteLinkReadsBackTheSame(t *testing.T) {
	for _, l := range append(profiles.BuiltIn().Links(), model.Link{
		Name: "odd", OneWay: 0.00123456789, Up: 1.0 / 3, Down: 1e9 / 7, Source: "a: b # c",
		Jitter: &model.Jitter{Distribution: model.Exponential, Mean: 1e-3},
		Loss:   &model.Loss{Probability: 0.015, Retransmit: 0.2},
	}) {
		var b bytes.Buffer
		if err := profiles.WriteLink(&b, l); err != nil {
			t.Fatal(err)
		}
		s, err := load(t, b.String())
		if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
		if got, err := s.Link(l.Name); err != nil || !reflect.DeepEqual(got, l) {
			t.Errorf("got %+v, %v\nwant %+v from\n%s", got, err, l, b.String())
		}
	}
}

func ExampleBuiltIn() {
	d, err := profiles.BuiltIn().Device("imx8mp")
	fmt.Println(d.Idle[0].Name, d.Idle[0].Power, err)
	// Output: high 3.05W <nil>
}

func ExampleLoad() {
	_, err := profiles.Load("testdata/misspelt.yaml")
	fmt.Println(err)
	// Output:
	// read profiles: testdata/misspelt.yaml:4:5: unknown key "latncy"; did you mean "latency"?
	//     latncy: 4ms
}

func ExampleWriteLink() {
	err := profiles.WriteLink(os.Stdout, model.Link{Name: "lab", OneWay: 0.002, Up: 5e6, Down: 5e6, Source: "measured"})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// links:
	// - name: lab
	//   latency: 2ms
	//   up: 5MB/s
	//   down: 5MB/s
	//   source: measured
}

func ExampleSet_Link() {
	l, err := profiles.BuiltIn().Link("radio")
	fmt.Println(l.OneWay, err)
	// Output: 29ms <nil>
}

func ExampleSet_Devices() {
	for _, d := range profiles.BuiltIn().Devices() {
		fmt.Println(d.Name)
	}
	// Output:
	// imx8mp
	// raspberry-pi-zero-2w
	// generic
}

func ExampleSet_Device() {
	d, err := profiles.BuiltIn().Device("imx8mp")
	fmt.Println(d.Memories, err)
	// Output: [{L1 32768B} {L2 524288B} {RAM 888832B}] <nil>
}

func ExampleSet_Hosts() {
	for _, h := range profiles.BuiltIn().Hosts() {
		fmt.Println(h.Name, *h.Active)
	}
	// Output:
	// i9-10850k 125W
	// rtx-3070 220W
}

func ExampleSet_Host() {
	_, err := profiles.BuiltIn().Host("rtx-3080")
	fmt.Println(err)
	// Output: no host is called "rtx-3080"; did you mean "rtx-3070"?
}

func TestLoadReadsTheREADMEsProfileFile(t *testing.T) {
	data, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(data), "```yaml\n")
	text, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("the README shows no YAML")
	}
	s, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Device("my-board")
	if err != nil || len(d.Idle) != 2 || *d.Idle[1].WakeTime != 0.3 || *d.Active != 4.1 {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := s.Link("factory-wifi"); err != nil {
		t.Error(err)
	}
	if _, err := s.Host("my-server"); err != nil {
		t.Error(err)
	}
}
