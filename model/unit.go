package model

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The units are float64 types in SI base units, so that a time cannot be passed as an energy and
// nothing is rounded (a time.Duration would round each term to a nanosecond). Parsing accepts the
// prefixes n, u or µ, m, k, M and G. Its errors say why a text is not accepted: a negative or
// infinite number, a missing unit, the unit of another quantity. String prints the shortest text
// that parses to the same number.
type (
	// Seconds is a time: "10ms", "3us", "1.5s", "2min".
	Seconds float64
	// Bytes is an amount of data: "3072B", "7.13MB" (10^6), "32KiB" (1024). It is a float64 because
	// a crossing point need not be a whole number; a parsed text must be one.
	Bytes float64
	// BytesPerSecond is the rate of a link: "7.13MB/s", "202Mbit/s".
	BytesPerSecond float64
	// Joules is an energy: "75mJ".
	Joules float64
	// JoulesPerByte is the energy to move a byte: "128nJ/B".
	JoulesPerByte float64
	// Watts is a power: "0.91W", "600mW".
	Watts float64
	// JouleSeconds is an energy-delay product: "2.3mJs".
	JouleSeconds float64
	// PerSecond is a rate of arrivals: "20/s".
	PerSecond float64
)

// Quantity is the set of this package's unit types.
type Quantity interface {
	Seconds | Bytes | BytesPerSecond | Joules | JoulesPerByte | Watts | JouleSeconds | PerSecond
}

// unit is how one quantity is written.
type unit struct {
	zero                     any // the quantity's type
	plural, article, example string
	symbol                   string         // the base unit; String adds a prefix to it
	prefixes                 string         // SI prefixes of the symbol
	other                    map[string]alt // further spellings
	whole                    bool           // only whole numbers of the base unit
}

// alt is a unit that is factor * 10^exp10 base units; a factor of 0 means 1.
type alt struct {
	exp10  int
	factor float64
}

var units = []unit{
	{
		zero: Seconds(0), plural: "seconds", article: "a time", example: "10ms", symbol: "s", prefixes: "nuµμm",
		other: map[string]alt{"min": {factor: 60}, "h": {factor: 3600}},
	},
	{
		zero: Bytes(0), plural: "bytes", article: "an amount of data", example: "3072B",
		symbol: "B", prefixes: "kMG", whole: true,
		other: map[string]alt{"KiB": {factor: 1 << 10}, "MiB": {factor: 1 << 20}, "GiB": {factor: 1 << 30}},
	},
	{
		zero: BytesPerSecond(0), plural: "bytes or bits per second", article: "a data rate",
		example: "7.13MB/s or 202Mbit/s", symbol: "B/s", prefixes: "kMG",
		other: map[string]alt{
			"bit/s": {0, 1. / 8}, "kbit/s": {3, 1. / 8}, "Mbit/s": {6, 1. / 8}, "Gbit/s": {9, 1. / 8},
			"KiB/s": {factor: 1 << 10}, "MiB/s": {factor: 1 << 20}, "GiB/s": {factor: 1 << 30},
		},
	},
	{
		zero: Joules(0), plural: "joules", article: "an energy", example: "75mJ", symbol: "J", prefixes: "nuµμmkM",
		other: map[string]alt{"Wh": {factor: 3600}},
	},
	{
		zero: JoulesPerByte(0), plural: "joules per byte", article: "an energy per byte", example: "128nJ/B",
		symbol: "J/B", prefixes: "nuµμm",
	},
	{
		zero: Watts(0), plural: "watts", article: "a power", example: "0.91W", symbol: "W", prefixes: "nuµμmkM",
	},
	{
		zero: JouleSeconds(0), plural: "joule-seconds", article: "an energy-delay product", example: "2.3mJs",
		symbol: "Js", prefixes: "nuµμm",
	},
	{
		zero: PerSecond(0), plural: "arrivals per second", article: "a rate of arrivals", example: "20/s", symbol: "/s",
	},
}

// unitOf returns the unit of the quantity Q.
func unitOf[Q Quantity]() unit {
	return units[slices.IndexFunc(units, func(u unit) bool { return u.zero == any(Q(0)) })]
}

var exponents = map[rune]int{'n': -9, 'u': -6, 'µ': -6, 'μ': -6, 'm': -3, 'k': 3, 'M': 6, 'G': 9}

// lookup returns what the symbol stands for in this unit.
func (u unit) lookup(symbol string) (alt, bool) {
	if symbol == u.symbol {
		return alt{}, true
	}
	if a, ok := u.other[symbol]; ok {
		return a, true
	}
	for _, p := range u.prefixes {
		if symbol == string(p)+u.symbol {
			return alt{exp10: exponents[p]}, true
		}
	}
	return alt{}, false
}

// UnitError says that a text is not a quantity of the wanted kind, and why.
type UnitError struct {
	Want string // "watts such as 0.91W"
	Got  string // the text
	Why  string // "a time", "no unit"
}

func (e *UnitError) Error() string {
	return fmt.Sprintf("want %s, got %q, %s", e.Want, e.Got, e.Why)
}

var number = regexp.MustCompile(`^([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,6}))?`)

// parse reads a number and a unit, with at most one space between them.
func (u unit) parse(text string) (float64, error) {
	fail := func(why string) (float64, error) {
		return 0, &UnitError{Want: u.plural + " such as " + u.example, Got: text, Why: why}
	}
	m := number.FindStringSubmatch(text)
	switch {
	case text == "":
		return fail("which is empty")
	case m == nil:
		return fail("which does not start with a number")
	case m[1] == "-":
		return fail("which is negative")
	}
	symbol := strings.TrimPrefix(text[len(m[0]):], " ")
	if symbol == "" {
		return fail("which has no unit")
	}
	a, ok := u.lookup(symbol)
	if !ok {
		for _, o := range units {
			if _, ok := o.lookup(symbol); ok {
				return fail(o.article)
			}
		}
		if symbol == "KB" || symbol == "KB/s" {
			return fail("where K is ambiguous: write kB for 1000 or KiB for 1024 bytes")
		}
		return fail(fmt.Sprintf("where %q is not a known unit", symbol))
	}
	exp := a.exp10
	if m[3] != "" {
		e, err := strconv.Atoi(m[3])
		if err != nil {
			return fail("which is not a number: " + err.Error())
		}
		exp += e
	}
	// The prefix is added to the decimal exponent, so that "7.13MB" is exactly the float64 nearest
	// to 7130000.
	v, err := strconv.ParseFloat(m[2]+"e"+strconv.Itoa(exp), 64)
	if err != nil {
		return fail("which is too large")
	}
	if a.factor != 0 {
		v *= a.factor
	}
	switch {
	case math.IsInf(v, 0):
		return fail("which is too large")
	case v == 0 && strings.ContainsAny(m[2], "123456789"):
		return fail("which is too small to tell from zero")
	case u.whole && (v != math.Trunc(v) || v > 1<<53):
		return fail("which is not a whole number of bytes up to 2^53")
	}
	return v, nil
}

// format prints v with the prefix that leaves one to three digits before the point. The prefix only
// moves the point of the shortest decimal, so the number stays exact.
func format[Q Quantity](q Q) string {
	u, v := unitOf[Q](), float64(q)
	digits := strconv.FormatFloat(v, 'e', -1, 64)
	mantissa, e, _ := strings.Cut(digits, "e")
	exp, err := strconv.Atoi(e)
	if err != nil { // infinite or not a number
		return digits + u.symbol
	}
	prefix := ""
	if v != 0 && !u.whole {
		wanted := max(exp-(exp%3+3)%3, -9)
		for _, p := range u.prefixes {
			if exponents[p] == wanted && p != 'u' && p != 'μ' {
				prefix, exp = string(p), exp-wanted
				break
			}
		}
	}
	return shift(mantissa, exp) + prefix + u.symbol
}

// shift writes mantissa * 10^exp, without an exponent unless it would need many zeros.
func shift(mantissa string, exp int) string {
	text := mantissa + "e" + strconv.Itoa(exp)
	number, ok := new(big.Rat).SetString(text)
	if exp < -6 || exp > 15 || !ok {
		return text
	}
	_, fraction, _ := strings.Cut(mantissa, ".")
	return number.FloatString(max(len(fraction)-exp, 0))
}

// Round returns v rounded to the given number of significant decimal digits, for output: Round(t,
// 3).String() is "36.4ms".
func Round[Q Quantity](v Q, digits int) Q {
	r, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'e', max(digits, 1)-1, 64), 64)
	if err != nil {
		return v // rounded up beyond the largest float64
	}
	return Q(r)
}

// Parse reads a quantity: Parse[Watts]("0.91W"). The error is a *UnitError.
func Parse[Q Quantity](text string) (Q, error) {
	v, err := unitOf[Q]().parse(text)
	return Q(v), err
}

// SecondsOf returns d as Seconds.
func SecondsOf(d time.Duration) Seconds { return Seconds(d.Seconds()) }

// At returns the time that b takes at the rate r.
func (b Bytes) At(r BytesPerSecond) Seconds { return Seconds(float64(b) / float64(r)) }

// Cost returns the energy to move b at e per byte.
func (b Bytes) Cost(e JoulesPerByte) Joules { return Joules(float64(b) * float64(e)) }

// For returns the energy that the power w takes in the time t.
func (w Watts) For(t Seconds) Joules { return Joules(float64(w) * float64(t)) }

// String prints s with its unit; the other String methods do the same.
func (s Seconds) String() string        { return format(s) }
func (b Bytes) String() string          { return format(b) }
func (r BytesPerSecond) String() string { return format(r) }
func (j Joules) String() string         { return format(j) }
func (j JoulesPerByte) String() string  { return format(j) }
func (w Watts) String() string          { return format(w) }
func (j JouleSeconds) String() string   { return format(j) }
func (r PerSecond) String() string      { return format(r) }

// UnmarshalText parses text; the other UnmarshalText methods do the same. The error is a
// *UnitError.
func (s *Seconds) UnmarshalText(text []byte) error        { return unmarshal(s, text) }
func (b *Bytes) UnmarshalText(text []byte) error          { return unmarshal(b, text) }
func (r *BytesPerSecond) UnmarshalText(text []byte) error { return unmarshal(r, text) }
func (j *Joules) UnmarshalText(text []byte) error         { return unmarshal(j, text) }
func (j *JoulesPerByte) UnmarshalText(text []byte) error  { return unmarshal(j, text) }
func (w *Watts) UnmarshalText(text []byte) error          { return unmarshal(w, text) }
func (j *JouleSeconds) UnmarshalText(text []byte) error   { return unmarshal(j, text) }
func (r *PerSecond) UnmarshalText(text []byte) error      { return unmarshal(r, text) }

func unmarshal[Q Quantity](into *Q, text []byte) error {
	v, err := Parse[Q](string(text))
	if err == nil {
		*into = v
	}
	return err
}
