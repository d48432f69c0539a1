package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

func TestLargestRequestFollowsTheModels(t *testing.T) {
	image := Served{Variant: fixtures.Variant{Image: &fixtures.Image{Height: 224, Width: 224}}}
	own := Served{Variant: plain("../../fixtures/testdata/own/two-inputs.tflite")}
	if n := own.elements(); n == 0 {
		t.Error("the inputs of a file without a manifest are unknown")
	}
	for name, test := range map[string]struct {
		limits Limits
		models []Served
		want   int
	}{
		"the echo alone": {Limits{}, nil, oip.EchoLimit + slack},
		"a small model":  {Limits{}, []Served{own}, oip.EchoLimit + slack},
		"a large image":  {Limits{}, []Served{own, image}, 224*224*3*elementOnWire + slack},
		"as told":        {Limits{MessageKB: 5000}, []Served{image}, 5_000_000},
	} {
		if got, _ := test.limits.sizes(test.models); got != test.want {
			t.Errorf("%s: %d bytes, want %d", name, got, test.want)
		}
	}
}

func TestLimitsCheckNamesTheFlag(t *testing.T) {
	for want, l := range map[string]Limits{
		"--grace": {Grace: -1}, "--budget": {BudgetMB: -1}, "--client-share": {Share: 101},
		"--max-message is 200000 KB": {MessageKB: 200_000},
	} {
		if err := l.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %q", l, err, want)
		}
	}
	if err := (Limits{}).Check(); err != nil {
		t.Error(err)
	}
}

func TestFolderNamesDifferentFilesDifferently(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a\xff.tflite", "a\xfe.tflite"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	models, err := Folder(dir, fixtures.Default(), nil)
	if err != nil || len(models) != 2 || models[0].Name == models[1].Name {
		t.Errorf("models %v, %v", models, err)
	}
}

// FuzzCheckInfer holds that a message which passes the count can be decoded into little more memory than
// it has bytes, and that nothing panics.
func FuzzCheckInfer(f *testing.F) {
	f.Add(manyInputs(100))
	f.Add(longName(300))
	f.Add(oneOutputOften(3))
	f.Add(field(5, append(field(3, []byte{1, 2, 3}), field(5, field(6, make([]byte, 64)))...)))
	f.Fuzz(func(t *testing.T, message []byte) {
		err := checkInfer(message, 1000)
		request := new(oip.ModelInferRequest)
		c := codec{elements: 1000}
		if decodeErr := c.decode(message, request, true); err != nil && decodeErr == nil {
			t.Errorf("decoded in spite of %v", err)
		}
		if err != nil {
			return
		}
		if len(request.Inputs) > maxTensors || len(request.Outputs) > maxTensors || len(request.Parameters) > maxParams ||
			len(request.ModelName) > maxName {
			t.Errorf("%d inputs, %d outputs, %d parameters, a name of %d bytes pass",
				len(request.Inputs), len(request.Outputs), len(request.Parameters), len(request.ModelName))
		}
		for _, in := range request.Inputs {
			if len(in.Name) > maxName || len(in.Shape) > maxRank || len(in.Contents.GetIntContents()) > 1000 {
				t.Errorf("an input with a name of %d bytes, %d dimensions and %d elements passes",
					len(in.Name), len(in.Shape), len(in.Contents.GetIntContents()))
			}
		}
	})
}
