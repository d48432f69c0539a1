package job

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/names"
)

func TestJobReachesTheMeasuringProgramWhole(t *testing.T) {
	want := Job{
		Version: Version, Task: Measure, Round: -1, Block: 20 * time.Millisecond, Reference: true,
		MinSamples: map[string]int{"model=face/backend=cpu1/link=none": 300}, Longest: time.Minute,
		Combinations: []names.Combination{{Variant: "model=face", Backend: "cpu1", Link: names.LinkNone}},
		Setup: Setup{
			Files: declared.Files{
				Catalog: "/c.yaml", Fixtures: "/f", Models: "/m", Hosts: "/h.yaml", Profiles: "/p.yaml",
				Choices: fixtures.Choices{Shapes: []string{"input=1,5"}, Encodings: []string{"face.tflite=jpeg"}},
			},
			LinkEmulation: "netem", Delegates: map[names.Backend]string{names.NPU: "/lib.so"},
		},
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(text))
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("%s became %+v, %v", text, got, err)
	}
}

func TestJobOfAnotherProtocolIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"version": 7}`: "protocol version 7; this test binary speaks 2", "": "standard input", "{}": "protocol version 0",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
