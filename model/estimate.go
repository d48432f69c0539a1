package model

import (
	"fmt"
	"strings"
)

// Interval is a closed interval.
type Interval[Q Quantity] struct{ Lo, Hi Q }

// An Estimate is a value and the interval that it is known to lie in.
type Estimate[Q Quantity] struct {
	Value  Q
	Within Interval[Q] // zero if Value is exact
}

// UnmarshalText reads a value and, after "+-" or "±", its uncertainty: "30ms+-2ms". The error is a
// *UnitError, or says that the interval is not above zero.
func (e *Estimate[Q]) UnmarshalText(text []byte) error {
	value, spread, interval := strings.Cut(strings.ReplaceAll(string(text), "±", "+-"), "+-")
	v, err := Parse[Q](strings.TrimSpace(value))
	if err != nil {
		return err
	}
	if !interval {
		*e = Estimate[Q]{Value: v}
		return nil
	}
	d, err := Parse[Q](strings.TrimSpace(spread))
	if err != nil {
		return err
	}
	if d >= v {
		return fmt.Errorf("%q reaches down to zero or below", text)
	}
	*e = Estimate[Q]{Value: v, Within: Interval[Q]{Lo: v - d, Hi: v + d}}
	return nil
}

// String prints the value and, unless it is exact, its interval: "30ms (28ms to 32ms)".
func (e Estimate[Q]) String() string {
	if e.Within == (Interval[Q]{}) {
		return fmt.Sprint(e.Value)
	}
	return fmt.Sprintf("%v (%v to %v)", e.Value, Round(e.Within.Lo, 4), Round(e.Within.Hi, 4))
}
