package record

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/crossover-bench/crossover/internal/sheet"
)

// Percent is a share written as "1%" or "0.5 %", above 0 and below 100 %. The zero value, also
// written "", means none.
type Percent struct {
	Share float64
	text  string // as it was written
}

// UnmarshalText reads a percentage.
func (p *Percent) UnmarshalText(b []byte) error {
	text := string(b)
	if text == "" {
		*p = Percent{}
		return nil
	}
	number, ok := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil || !(v > 0 && v < 100) {
		return fmt.Errorf("want a percentage such as 1%%, got %q", text)
	}
	*p = Percent{v / 100, text}
	return nil
}

// String returns the percentage with two digits.
func (p Percent) String() string { return sheet.Percent(p.Share) }
