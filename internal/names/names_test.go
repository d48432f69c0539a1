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
	c.Load = names.Load{Rate: "12.5", Tenant: "b"}
	if got := c.Title("M"); got != "M on offload-self over 5g at 12.5/s for tenant b" {
		t.Error(got)
	}
	c.Load = names.Load{Clients: "1"}
	if got := c.Title("M"); got != "M on offload-self over 5g with 1 client" {
		t.Error(got)
	}
	if c.Place().Of(c.Variant) != c {
		t.Error("a combination is its variant at its place")
	}
}

func TestCombinationNamesItsLoad(t *testing.T) {
	const place = "model=m/input=32/compression=pq/backend=offload-lab/link=direct"
	for suffix, want := range map[string]names.Load{
		"":                    {},
		"/rate=50":            {Rate: "50"},
		"/clients=4":          {Clients: "4"},
		"/rate=12.5/tenant=b": {Rate: "12.5", Tenant: "b"},
		"/clients=2/tenant=b": {Clients: "2", Tenant: "b"},
	} {
		c, err := names.ParseCombination(place + suffix)
		if err != nil || c.Load != want || c.Name() != place+suffix {
			t.Errorf("%q: %+v, %q, %v", suffix, c.Load, c.Name(), err)
		}
	}
	for _, suffix := range []string{
		"/", "/rate", "/rate=", "/rate=1/", "/tenant=b/rate=50", "/rate=1/rate=2", "/speed=3", "/clients=/tenant=b",
	} {
		if c, err := names.ParseCombination(place + suffix); err == nil {
			t.Errorf("%q was read as %+v", suffix, c)
		}
	}
	for text, want := range map[string]float64{"50": 50, "12.5/s": 12.5, "0.25": 0.25} {
		if r, err := names.ParseRate(text); err != nil || r != want {
			t.Errorf("%q: %v, %v", text, r, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "1e9", "fast", "50/h", "NaN", "Inf", "0x10", "1/s/s"} {
		if r, err := names.ParseRate(text); err == nil {
			t.Errorf("rate %q was read as %v", text, r)
		}
	}
}

func TestParseLoadIsTheInverseOfString(t *testing.T) {
	for text, want := range map[string]names.Load{
		"50/s": {Rate: "50"}, "at 12.50/s for tenant b": {Rate: "12.5", Tenant: "b"},
		"4 clients": {Clients: "4"}, "with 1 client": {Clients: "1"}, "for tenant a-1": {Tenant: "a-1"},
	} {
		got, err := names.ParseLoad(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if again, err := names.ParseLoad(got.String()); err != nil || again != got {
			t.Errorf("%q: %q is read as %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{
		"", "50", "0/s", "1.2.3/s", "0 clients", "clients", "50/s for tenant B", "50/s 4 clients",
	} {
		if got, err := names.ParseLoad(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func FuzzParseRate(f *testing.F) {
	f.Add("12.5/s")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := names.ParseRate(text)
		if err != nil {
			return
		}
		if again, err := names.ParseRate(names.Rate(r)); err != nil || again != r {
			t.Errorf("%q is %v, whose name %q is read as %v, %v", text, r, names.Rate(r), again, err)
		}
	})
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
	f.Add("model=a/backend=offload-lab/link=direct/rate=12.5/clients=4/tenant=b")
	f.Add("model=a/backend=offload-lab/link=direct/rate=/x=")
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
