package model_test

import (
	"testing"

	"github.com/crossover-bench/crossover/model"
)

func parsePayload(text string) (p model.Payload, err error) {
	err = p.UnmarshalText([]byte(text))
	return p, err
}

func FuzzPayload(f *testing.F) {
	for _, s := range []string{"32x32x3", "100B", "0x3", "x", "1x", "99999999999x99999999999", "3MB"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePayload(text)
		if err != nil {
			return
		}
		if !(p.Size > 0) || p.Size > 1<<53 {
			t.Fatalf("%q: accepted %v bytes", text, float64(p.Size))
		}
		if again, err := parsePayload(p.String()); err != nil || again != p {
			t.Fatalf("%q reads back as %+v, %v", text, again, err)
		}
	})
}

func TestPayloadIsAShapeOrBytes(t *testing.T) {
	for text, want := range map[string]model.Bytes{
		"32x32x3": 3072, "75x75x3": 16875, "128x128x3": 49152, "100B": 100, "3KiB": 3072,
	} {
		if p, err := parsePayload(text); err != nil || p.Size != want || p.String() != text {
			t.Errorf("%q: %+v, %v", text, p, err)
		}
	}
	for text, want := range map[string]string{
		"0x3":                 `want a payload such as 32x32x3 or 3072B, got "0x3", which is zero bytes`,
		"0B":                  `want a payload such as 32x32x3 or 3072B, got "0B", which is zero bytes`,
		"3072":                `want a payload such as 32x32x3 or 3072B, got "3072", which has no unit`,
		"10ms":                `want a payload such as 32x32x3 or 3072B, got "10ms", a time`,
		"99999999x9999999999": `want a payload such as 32x32x3 or 3072B, got "99999999x9999999999", which is too large`,
	} {
		if _, err := parsePayload(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
