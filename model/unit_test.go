package model_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/crossover-bench/crossover/model"
)

func TestUnitsReadWhatPeopleWrite(t *testing.T) {
	check(t, "10ms", model.Seconds(0.010))
	check(t, "3us", model.Seconds(3e-6))
	check(t, "3µs", model.Seconds(3e-6))
	check(t, "1.5 s", model.Seconds(1.5))
	check(t, "2min", model.Seconds(120))
	check(t, "202Mbit/s", model.BytesPerSecond(25.25e6))
	check(t, "1Gbit/s", model.BytesPerSecond(125e6))
	check(t, "7.13MB/s", model.BytesPerSecond(7.13e6))
	check(t, "7.13MB", model.Bytes(7130000))
	check(t, "32KiB", model.Bytes(32768))
	check(t, "0B", model.Bytes(0))
	check(t, "75mJ", model.Joules(0.075))
	check(t, "128nJ/B", model.JoulesPerByte(128e-9))
	check(t, "0.91W", model.Watts(0.91))
	check(t, "600mW", model.Watts(0.6))
	check(t, "2.3mJs", model.JouleSeconds(0.0023))
	check(t, "20/s", model.PerSecond(20))
	check(t, "1e-3s", model.Seconds(1e-3))
}

func check[Q model.Quantity](t *testing.T, text string, want Q) {
	t.Helper()
	if got, err := model.Parse[Q](text); err != nil || got != want {
		t.Errorf("%q: got %v, %v, want %v", text, float64(got), err, float64(want))
	}
}

func TestUnitsRefuseByName(t *testing.T) {
	refuse[model.Watts](t, "10ms", `want watts such as 0.91W, got "10ms", a time`)
	refuse[model.Seconds](t, "0.91W", `want seconds such as 10ms, got "0.91W", a power`)
	refuse[model.Seconds](t, "10", `want seconds such as 10ms, got "10", which has no unit`)
	refuse[model.Seconds](t, "", `want seconds such as 10ms, got "", which is empty`)
	refuse[model.Seconds](t, "-1ms", `want seconds such as 10ms, got "-1ms", which is negative`)
	refuse[model.Seconds](t, "Infs", `want seconds such as 10ms, got "Infs", which does not start with a number`)
	refuse[model.Seconds](t, "NaNs", `want seconds such as 10ms, got "NaNs", which does not start with a number`)
	refuse[model.Seconds](t, "1e999s", `want seconds such as 10ms, got "1e999s", which is too large`)
	refuse[model.Seconds](t, "1e-999s", `want seconds such as 10ms, got "1e-999s", which is too small to tell from zero`)
	refuse[model.Seconds](t, "1Ms", `want seconds such as 10ms, got "1Ms", where "Ms" is not a known unit`)
	refuse[model.Bytes](t, "1KB",
		`want bytes such as 3072B, got "1KB", where K is ambiguous: write kB for 1000 or KiB for 1024 bytes`)
	refuse[model.Bytes](t, "1.5B", `want bytes such as 3072B, got "1.5B", which is not a whole number of bytes up to 2^53`)
	refuse[model.Bytes](t, "1MB/s", `want bytes such as 3072B, got "1MB/s", a data rate`)
	refuse[model.BytesPerSecond](t, "1MB",
		`want bytes or bits per second such as 7.13MB/s or 202Mbit/s, got "1MB", an amount of data`)
	refuse[model.Joules](t, "128nJ/B", `want joules such as 75mJ, got "128nJ/B", an energy per byte`)
	refuse[model.JoulesPerByte](t, "75mJ", `want joules per byte such as 128nJ/B, got "75mJ", an energy`)
	refuse[model.PerSecond](t, "1Js", `want arrivals per second such as 20/s, got "1Js", an energy-delay product`)
	refuse[model.JouleSeconds](t, "1/s", `want joule-seconds such as 2.3mJs, got "1/s", a rate of arrivals`)
}

func refuse[Q model.Quantity](t *testing.T, text, want string) {
	t.Helper()
	got, err := model.Parse[Q](text)
	if _, ok := errors.AsType[*model.UnitError](err); !ok || err.Error() != want {
		t.Errorf("%q: got %v, %v\nwant %s", text, float64(got), err, want)
	}
}

func TestUnitsPrintShort(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{model.Seconds(0.0364).String(), "36.4ms"},
		{model.Seconds(0).String(), "0s"},
		{model.Seconds(1e-15).String(), "0.000001ns"},
		{model.Seconds(1e-30).String(), "1e-21ns"},
		{model.Seconds(90).String(), "90s"},
		{model.Seconds(math.Inf(1)).String(), "+Infs"},
		{model.Bytes(49152).String(), "49152B"},
		{model.BytesPerSecond(25.25e6).String(), "25.25MB/s"},
		{model.Watts(0.91).String(), "910mW"},
		{model.PerSecond(0.5).String(), "0.5/s"},
		{model.Round(model.Seconds(0.0123456), 3).String(), "12.3ms"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func TestUnitsReadWhatTheyPrint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(0, math.MaxFloat64).Draw(t, "v")
		roundTrip[model.Seconds](t, v)
		roundTrip[model.BytesPerSecond](t, v)
		roundTrip[model.Joules](t, v)
		roundTrip[model.JoulesPerByte](t, v)
		roundTrip[model.Watts](t, v)
		roundTrip[model.JouleSeconds](t, v)
		roundTrip[model.PerSecond](t, v)
		roundTrip[model.Bytes](t, float64(rapid.Int64Range(0, 1<<53).Draw(t, "bytes")))
	})
}

type failer interface{ Fatalf(string, ...any) }

func roundTrip[Q model.Quantity](t failer, v float64) {
	text := any(Q(v)).(interface{ String() string }).String()
	if got, err := model.Parse[Q](text); err != nil || float64(got) != v {
		t.Fatalf("%v prints as %q and reads back as %v, %v", v, text, float64(got), err)
	}
}

// fuzzUnit checks that text which the parser accepts is a finite quantity of zero
// or more, and that it is parsed from its printed form unchanged.
func fuzzUnit[Q model.Quantity](f *testing.F) {
	for _, s := range []string{
		"10ms", "32KiB", "202Mbit/s", "75mJ", "128nJ/B", "0.91W", "2.3mJs", "20/s",
		"", "-1s", "1e400W", "1e-400J", ".5 µs", "5.", "0x1p3s", "1_0B",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := model.Parse[Q](text)
		if err != nil {
			if v != 0 {
				t.Fatalf("%q: refused, and yet %v", text, float64(v))
			}
			return
		}
		if !(v >= 0) || math.IsInf(float64(v), 0) {
			t.Fatalf("%q: accepted %v", text, float64(v))
		}
		roundTrip[Q](t, float64(v))
	})
}

func FuzzSeconds(f *testing.F)        { fuzzUnit[model.Seconds](f) }
func FuzzBytes(f *testing.F)          { fuzzUnit[model.Bytes](f) }
func FuzzBytesPerSecond(f *testing.F) { fuzzUnit[model.BytesPerSecond](f) }
func FuzzJoules(f *testing.F)         { fuzzUnit[model.Joules](f) }
func FuzzJoulesPerByte(f *testing.F)  { fuzzUnit[model.JoulesPerByte](f) }
func FuzzWatts(f *testing.F)          { fuzzUnit[model.Watts](f) }
func FuzzJouleSeconds(f *testing.F)   { fuzzUnit[model.JouleSeconds](f) }
func FuzzPerSecond(f *testing.F)      { fuzzUnit[model.PerSecond](f) }

func TestUnitsAreNumbersInJSONAndReadAsText(t *testing.T) {
	type all struct {
		S model.Seconds
		B model.Bytes
		R model.BytesPerSecond
		J model.Joules
		E model.JoulesPerByte
		W model.Watts
		D model.JouleSeconds
		A model.PerSecond
	}
	want := all{0.010, 3072, 7.13e6, 0.075, 128e-9, 0.91, 0.0023, 20}
	data, err := json.Marshal(want)
	if err != nil || string(data) != `{"S":0.01,"B":3072,"R":7130000,"J":0.075,"E":1.28e-7,"W":0.91,"D":0.0023,"A":20}` {
		t.Errorf("%s, %v", data, err)
	}
	var got all
	text := `{"S":"10ms","B":"3072B","R":"7.13MB/s","J":"75mJ","E":"128nJ/B","W":"0.91W","D":"2.3mJs","A":"20/s"}`
	if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if err := json.Unmarshal([]byte(`{"W":"10ms"}`), &got); err == nil || !strings.Contains(err.Error(), "a time") {
		t.Error(err)
	}
}

func TestSecondsOfADuration(t *testing.T) {
	if s := model.SecondsOf(36 * time.Millisecond); s != 0.036 {
		t.Errorf("got %v", s)
	}
}

func TestUnitErrorCanBeExtracted(t *testing.T) {
	var w model.Watts
	err := w.UnmarshalText([]byte("10ms"))
	if _, ok := errors.AsType[*model.UnitError](err); !ok || w != 0 {
		t.Errorf("%v, %v", w, err)
	}
}
