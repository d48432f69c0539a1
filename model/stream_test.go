package model_test

import (
	"testing"

	"github.com/crossover-bench/crossover/model"
)

func TestStreamReadsArrivalsAndServiceTime(t *testing.T) {
	var s model.Stream
	if err := s.UnmarshalText([]byte("20/s@5ms")); err != nil || s != (model.Stream{Arrivals: 20, Service: 0.005}) {
		t.Errorf("%+v, %v", s, err)
	}
	for text, want := range map[string]string{
		"20/s":     `want arrivals@time such as 20/s@5ms, got "20/s"`,
		"5ms@20/s": `want arrivals per second such as 20/s, got "5ms", a time`,
		"20/s@5":   `want seconds such as 10ms, got "5", which has no unit`,
	} {
		if err := s.UnmarshalText([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
