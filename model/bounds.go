package model

import (
	"errors"
	"fmt"
	"math"
)

func positive[Q Quantity](field string, v Q) error { return check(field, v, v > 0, "above zero") }

func notNegative[Q Quantity](field string, v Q) error {
	return check(field, v, v >= 0, "of zero or above")
}

// check says that v must be finite and within the bound.
func check[Q Quantity](field string, v Q, ok bool, bound string) error {
	if !ok || math.IsInf(float64(v), 0) {
		return fmt.Errorf("%s: want %s %s, got %v", field, unitOf[Q]().plural, bound, v)
	}
	return nil
}

// ifKnown checks a value unless it is nil.
func ifKnown[Q Quantity](check func(string, Q) error, field string, v *Q) error {
	if v == nil {
		return nil
	}
	return check(field, *v)
}

// at joins errors and says where they are; nil if there are none.
func at(where string, errs ...error) error {
	err := errors.Join(errs...)
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", where, err)
}
