package model

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// A Stream is the work that one tenant sends to a host.
type Stream struct {
	Arrivals PerSecond
	Service  Seconds // mean
	SCV      float64 // squared coefficient of variation of the service time
}

// UnmarshalText reads arrivals and a constant service time: "20/s@5ms".
func (s *Stream) UnmarshalText(text []byte) error {
	arrivals, service, ok := strings.Cut(string(text), "@")
	if !ok {
		return fmt.Errorf("want arrivals@time such as 20/s@5ms, got %q", text)
	}
	rate, errRate := Parse[PerSecond](arrivals)
	mean, errMean := Parse[Seconds](service)
	if err := cmp.Or(errRate, errMean); err != nil {
		return err
	}
	*s = Stream{Arrivals: rate, Service: mean}
	return nil
}

// Merge combines streams: the sum of Poisson streams is a Poisson stream, whose service time is the
// mixture of theirs.
func Merge(streams ...Stream) (Stream, error) {
	if len(streams) == 0 {
		return Stream{}, errors.New("merge: there are no streams")
	}
	var rate, work, square float64
	for i, s := range streams {
		err := at(fmt.Sprintf("merge: stream %d", i+1),
			positive("arrivals", s.Arrivals), positive("service time", s.Service), checkSCV(s.SCV))
		if err != nil {
			return Stream{}, err
		}
		a, m := float64(s.Arrivals), float64(s.Service)
		rate += a
		work += a * m
		square += a * m * m * (1 + s.SCV)
	}
	mean := work / rate
	return Stream{Arrivals: PerSecond(rate), Service: Seconds(mean), SCV: max(0, square/rate/(mean*mean)-1)}, nil
}
