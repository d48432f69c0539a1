package names_test

import (
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/names"
)

func TestVariantIsReadInBothSpellings(t *testing.T) {
	for _, want := range []struct {
		title string
		name  names.Variant
	}{
		{"Mobilenet 32", "model=Mobilenet/input=32/compression=none"},
		{"Mobilenet PQ 32", "model=Mobilenet/input=32/compression=pq"},
		{"VGG16 Q 75 per-tensor uint8-io", "model=VGG16/input=75/compression=q/granularity=tensor/io=uint8"},
		{"Face 128 jpeg-encoded", "model=Face/input=128/compression=none/encoding=jpeg"},
	} {
		p, err := names.ParseTitle(want.title)
		if err != nil || p.Variant() != want.name || p.Title() != want.title {
			t.Errorf("%q became %q, %q, %v", want.title, p.Variant(), p.Title(), err)
		}
		q, err := names.ParseVariant(string(want.name))
		if err != nil || q != p || want.name.Parts() != p || want.name.Title() != want.title {
			t.Errorf("%q became %+v, %q, %v", want.name, q, want.name.Title(), err)
		}
	}
	for name, want := range map[names.Variant]string{
		"model=face": "face", "own": "own", "model=mobilenet/input=32/compression=pq": "Mobilenet PQ 32",
	} {
		if got := name.Title(); got != want {
			t.Errorf("title of %q is %q, want %q", name, got, want)
		}
	}
}

func TestVariantUncompressedIsTheSameModelWithoutCompression(t *testing.T) {
	const want = "model=m/input=32/compression=none"
	for _, compressed := range []names.Variant{"/compression=pq", "/compression=q/granularity=tensor/io=uint8"} {
		v, ok := ("model=m/input=32" + compressed).Uncompressed()
		if _, err := names.ParseVariant(string(v)); !ok || v != want || err != nil {
			t.Errorf("%s: %q, %t, %v", compressed, v, ok, err)
		}
	}
	if _, ok := names.Variant("model=face").Uncompressed(); ok {
		t.Error("a user's file has no uncompressed variant")
	}
}

func TestOwnFileBecomesOneSegmentOfAName(t *testing.T) {
	for file, want := range map[string]names.Variant{
		"face.tflite": "model=face", "my net (v2).tflite": "model=my%20net%20%28v2%29",
		"face.TFLITE": "model=face%2ETFLITE", ".tflite": "model=%2Etflite", "face": "model=face",
	} {
		if got := names.Own(file, ".tflite"); got != want {
			t.Errorf("%q became %q, want %q", file, got, want)
		}
	}
}

func TestBackendIsCheckedTheSameForEveryone(t *testing.T) {
	for _, name := range []string{
		"cpu1", "cpu16-noxnnpack", "cpu-all", "npu", "gpu", "npu-vx", "gpu-litert-2",
		"offload-self", "offload-all", "offload-work-station",
	} {
		if b, err := names.ParseBackend(name); err != nil || string(b) != name {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	for name, want := range map[string]string{
		"tpu": `"tpu" is not a backend; want cpuN`, "cpu0": "is not a backend; want cpuN", "": "is not a backend",
		"cpu1-foo": "want cpu1 or, for the reference kernels, cpu1-noxnnpack",
		"npu-":     "is not a backend", "npuvx": "is not a backend",
		"offload-": "host name", "offload-Desk": "lower-case",
	} {
		if _, err := names.ParseBackend(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
	for name, local := range map[names.Backend]bool{
		"cpu4": true, "npu-vx": true, "gpu": true, "offload-npu": false, "cpu1-foo": false,
	} {
		if name.IsLocal() != local {
			t.Errorf("%s: local is %t", name, !local)
		}
	}
	for _, name := range []string{"offload-npu", "cpu-all", "cpu0", ""} {
		if b, err := names.ParseLocal(name); err == nil || !strings.Contains(err.Error(), "a local backend; want cpuN") {
			t.Errorf("%q: %q, %v", name, b, err)
		}
	}
	if b, err := names.ParseLocal("npu-vx"); b != "npu-vx" || err != nil {
		t.Errorf("npu-vx: %q, %v", b, err)
	}
	if n, reference, ok := names.Backend("cpu4-noxnnpack").CPU(); n != 4 || !reference || !ok {
		t.Errorf("cpu4-noxnnpack: %d, %t, %t", n, reference, ok)
	}
	if host, ok := names.Offload("desk").Host(); host != "desk" || !ok {
		t.Errorf("offload-desk: %q, %t", host, ok)
	}
}

func TestCombinationHasOneSpellingForPeople(t *testing.T) {
	c := names.Combination{Variant: "model=m/input=32/compression=pq", Backend: names.OffloadSelf, Link: "5g"}
	if got := c.Title("M PQ 32"); got != "M PQ 32 on offload-self over 5g" {
		t.Error(got)
	}
	if got := (names.Place{Backend: "cpu1", Link: names.LinkNone}).Of(c.Variant).Title("M"); got != "M on cpu1" {
		t.Error(got)
	}
	if c.Place().Of(c.Variant) != c {
		t.Error("a combination is its variant at its place")
	}
}

func TestNearestSuggestsOnlyWhatMayBeMeant(t *testing.T) {
	known := []string{"mobilenet", "resnet50", "vgg16", "inceptionv3"}
	for word, want := range map[string]string{
		"mobilnet": "mobilenet", "MobileNet": "mobilenet", "resnet": "resnet50", "transformer": "",
	} {
		if got := names.Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func FuzzParseCombination(f *testing.F) {
	f.Add("model=mobilenet/input=32/compression=pq/backend=cpu1/link=none")
	f.Add("model=a/backend=/link=")
	f.Fuzz(func(t *testing.T, name string) {
		if c, err := names.ParseCombination(name); err == nil && c.Name() != name {
			t.Errorf("%q came back as %q", name, c.Name())
		}
	})
}

func FuzzParseVariant(f *testing.F) {
	f.Add("model=vgg16/input=75/compression=pwq/io=uint8")
	f.Add("model=face/input=1/compression=none/encoding=raw")
	f.Fuzz(func(t *testing.T, name string) {
		p, err := names.ParseVariant(name)
		if err != nil || p.Model == "" || p.Input == "" {
			return
		}
		if again, err := names.ParseVariant(string(p.Variant())); err != nil || again != p {
			t.Errorf("%q became %q, which is read as %+v, %v", name, p.Variant(), again, err)
		}
	})
}
