package model

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// A Payload is what crosses the link in one direction of an inference: a shape such as 32x32x3 with
// one byte per element, as the study counts an image, or a size such as 100B.
type Payload struct {
	Name string `json:"name"` // as it was written
	Size Bytes  `json:"bytes"`
}

var shape = regexp.MustCompile(`^[0-9]+(x[0-9]+)+$`)

// UnmarshalText reads "32x32x3" or "100B". A payload of zero bytes is an error.
func (p *Payload) UnmarshalText(text []byte) error {
	name := string(text)
	fail := func(why string) error {
		return &UnitError{Want: "a payload such as 32x32x3 or 3072B", Got: name, Why: why}
	}
	size, err := Parse[Bytes](name)
	if shape.MatchString(name) {
		size, err = 1, nil
		for side := range strings.SplitSeq(name, "x") {
			n, err := strconv.ParseFloat(side, 64)
			if size *= Bytes(n); err != nil || size > 1<<53 {
				return fail("which is too large")
			}
		}
	}
	if e, ok := errors.AsType[*UnitError](err); ok {
		return fail(e.Why)
	}
	if size <= 0 {
		return fail("which is zero bytes")
	}
	*p = Payload{Name: name, Size: size}
	return nil
}

// String returns the payload as it was written.
func (p Payload) String() string { return p.Name }
