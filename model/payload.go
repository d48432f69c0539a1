package model

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// A Payload is what crosses the link in one direction of an inference: a shape
// such as 32x32x3 with one byte per element, as the study counts an image, or a
// size such as 100B.
type Payload struct {
	Name string `json:"name"` // as it was written
	Size Bytes  `json:"bytes"`
}

var shape = regexp.MustCompile(`^[0-9]+(x[0-9]+)+$`)

// ParsePayload reads "32x32x3" or "100B". A payload of zero bytes is an error.
func ParsePayload(text string) (Payload, error) {
	var size Bytes
	var err error
	if shape.MatchString(text) {
		size = 1
		for side := range strings.SplitSeq(text, "x") {
			n, err := strconv.ParseUint(side, 10, 53)
			if err != nil {
				return Payload{}, payloadError(text, "which is too large")
			}
			size *= Bytes(n)
		}
		if size > 1<<53 {
			return Payload{}, payloadError(text, "which is too large")
		}
	} else if size, err = Parse[Bytes](text); err != nil {
		if e, ok := errors.AsType[*UnitError](err); ok {
			err = payloadError(text, e.Why)
		}
		return Payload{}, err
	}
	if size <= 0 {
		return Payload{}, payloadError(text, "which is zero bytes")
	}
	return Payload{Name: text, Size: size}, nil
}

func payloadError(text, why string) error {
	return &UnitError{Want: "a payload such as 32x32x3 or 3072B", Got: text, Why: why}
}

// String returns the payload as it was written.
func (p Payload) String() string { return p.Name }

// UnmarshalText reads the payload as ParsePayload does.
func (p *Payload) UnmarshalText(text []byte) error {
	v, err := ParsePayload(string(text))
	if err == nil {
		*p = v
	}
	return err
}
