package model

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The units are float64 types in SI base units, so that a time cannot be passed
// as an energy and nothing is rounded (a time.Duration would round each term to a
// nanosecond). Parsing accepts the prefixes n, u or µ, m, k, M and G. Its errors
// say why a text is not accepted: a negative or infinite number, a missing unit,
// the unit of another quantity. String prints the shortest text that parses to
// the same number.
type (
	// Seconds is a time: "10ms", "3us", "1.5s", "2min".
	Seconds float64
	// Bytes is an amount of data: "3072B", "7.13MB" (10^6), "32KiB" (1024). It is
	// a float64 because a crossing point need not be a whole number; a parsed text
	// must be one.
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
	plural, article, example string
	symbol                   string         // the base unit; String adds a prefix to it
	prefixes                 string         // SI prefixes of the symbol
	other                    map[string]alt // further spellings
	whole                    bool           // only whole numbers of the base unit
}

// alt is a unit that is factor * 10^exp10 / divisor base units.
type alt struct {
	exp10           int
	factor, divisor float64
}

var (
	secondsUnit = &unit{
		plural: "seconds", article: "a time", example: "10ms", symbol: "s", prefixes: "nuµμm",
		other: map[string]alt{"min": {factor: 60}, "h": {factor: 3600}},
	}
	bytesUnit = &unit{
		plural: "bytes", article: "an amount of data", example: "3072B", symbol: "B", prefixes: "kMG", whole: true,
		other: map[string]alt{"KiB": {factor: 1 << 10}, "MiB": {factor: 1 << 20}, "GiB": {factor: 1 << 30}},
	}
	rateUnit = &unit{
		plural: "bytes or bits per second", article: "a data rate", example: "7.13MB/s or 202Mbit/s",
		symbol: "B/s", prefixes: "kMG",
		other: map[string]alt{
			"bit/s": {divisor: 8}, "kbit/s": {exp10: 3, divisor: 8},
			"Mbit/s": {exp10: 6, divisor: 8}, "Gbit/s": {exp10: 9, divisor: 8},
			"KiB/s": {factor: 1 << 10}, "MiB/s": {factor: 1 << 20}, "GiB/s": {factor: 1 << 30},
		},
	}
	joulesUnit = &unit{
		plural: "joules", article: "an energy", example: "75mJ", symbol: "J", prefixes: "nuµμmkM",
		other: map[string]alt{"Wh": {factor: 3600}},
	}
	perByteUnit = &unit{
		plural: "joules per byte", article: "an energy per byte", example: "128nJ/B",
		symbol: "J/B", prefixes: "nuµμm",
	}
	wattsUnit = &unit{
		plural: "watts", article: "a power", example: "0.91W", symbol: "W", prefixes: "nuµμmkM",
	}
	edpUnit = &unit{
		plural: "joule-seconds", article: "an energy-delay product", example: "2.3mJs",
		symbol: "Js", prefixes: "nuµμm",
	}
	arrivalsUnit = &unit{
		plural: "arrivals per second", article: "a rate of arrivals", example: "20/s", symbol: "/s",
	}

	units = []*unit{
		secondsUnit, bytesUnit, rateUnit, joulesUnit, perByteUnit, wattsUnit, edpUnit, arrivalsUnit,
	}
)

var exponents = map[rune]int{'n': -9, 'u': -6, 'µ': -6, 'μ': -6, 'm': -3, 'k': 3, 'M': 6, 'G': 9}

// lookup returns what the symbol stands for in this unit.
func (u *unit) lookup(symbol string) (alt, bool) {
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
func (u *unit) parse(text string) (float64, error) {
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
	// The prefix is added to the decimal exponent, so that "7.13MB" is exactly the
	// float64 nearest to 7130000.
	v, err := strconv.ParseFloat(m[2]+"e"+strconv.Itoa(exp), 64)
	if err != nil {
		return fail("which is too large")
	}
	if a.factor != 0 {
		v *= a.factor
	}
	if a.divisor != 0 {
		v /= a.divisor
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

// format prints v with the prefix that leaves one to three digits before the
// point. The prefix only moves the point of the shortest decimal, so the number
// stays exact.
func (u *unit) format(v float64) string {
	prefix, exp := "", 0
	if v != 0 && !u.whole && !math.IsInf(v, 0) && !math.IsNaN(v) {
		e := int(math.Floor(decimalExponent(v)/3)) * 3
		for _, p := range u.prefixes {
			if p == 'u' || p == 'μ' {
				continue
			}
			if x := exponents[p]; x == e || (e < -9 && x == -9) {
				prefix, exp = string(p), x
			}
		}
	}
	digits := strconv.FormatFloat(v, 'e', -1, 64)
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return digits + u.symbol
	}
	mantissa, e, _ := strings.Cut(digits, "e")
	x, err := strconv.Atoi(e)
	if err != nil {
		return digits + u.symbol
	}
	return shift(mantissa, x-exp) + prefix + u.symbol
}

// decimalExponent is the exponent of v in scientific notation.
func decimalExponent(v float64) float64 {
	_, e, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
	x, err := strconv.Atoi(e)
	if err != nil {
		return 0
	}
	return float64(x)
}

// shift writes mantissa * 10^exp, without an exponent unless it would need many
// zeros.
func shift(mantissa string, exp int) string {
	if exp < -6 || exp > 15 {
		return mantissa + "e" + strconv.Itoa(exp)
	}
	sign := ""
	if strings.HasPrefix(mantissa, "-") {
		sign, mantissa = "-", mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits, point := whole+fraction, len(whole)+exp
	switch {
	case point <= 0:
		digits = strings.Repeat("0", 1-point) + digits
		point = 1
	case point > len(digits):
		digits += strings.Repeat("0", point-len(digits))
	}
	out := digits[:point]
	if rest := strings.TrimRight(digits[point:], "0"); rest != "" {
		out += "." + rest
	}
	return sign + out
}

// Round returns v rounded to the given number of significant decimal digits, for
// output: Round(t, 3).String() is "36.4ms".
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

func unitOf[Q Quantity]() *unit {
	switch any(Q(0)).(type) {
	case Seconds:
		return secondsUnit
	case Bytes:
		return bytesUnit
	case BytesPerSecond:
		return rateUnit
	case Joules:
		return joulesUnit
	case JoulesPerByte:
		return perByteUnit
	case Watts:
		return wattsUnit
	case JouleSeconds:
		return edpUnit
	default:
		return arrivalsUnit
	}
}

// SecondsOf returns d as Seconds.
func SecondsOf(d time.Duration) Seconds { return Seconds(d.Seconds()) }

// Duration returns s rounded to the nanosecond, or the longest time.Duration if s
// is longer.
func (s Seconds) Duration() time.Duration {
	ns := math.Round(float64(s) * 1e9)
	if ns >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(ns)
}

// At returns the time that b takes at the rate r.
func (b Bytes) At(r BytesPerSecond) Seconds { return Seconds(float64(b) / float64(r)) }

// Cost returns the energy to move b at e per byte.
func (b Bytes) Cost(e JoulesPerByte) Joules { return Joules(float64(b) * float64(e)) }

// For returns the energy that the power w takes in the time t.
func (w Watts) For(t Seconds) Joules { return Joules(float64(w) * float64(t)) }

// BitsPerSecond returns r in bit/s.
func (r BytesPerSecond) BitsPerSecond() float64 { return float64(r) * 8 }

// String prints s with its unit; the other String methods do the same.
func (s Seconds) String() string        { return secondsUnit.format(float64(s)) }
func (b Bytes) String() string          { return bytesUnit.format(float64(b)) }
func (r BytesPerSecond) String() string { return rateUnit.format(float64(r)) }
func (j Joules) String() string         { return joulesUnit.format(float64(j)) }
func (j JoulesPerByte) String() string  { return perByteUnit.format(float64(j)) }
func (w Watts) String() string          { return wattsUnit.format(float64(w)) }
func (j JouleSeconds) String() string   { return edpUnit.format(float64(j)) }
func (r PerSecond) String() string      { return arrivalsUnit.format(float64(r)) }

// UnmarshalText parses text; the other UnmarshalText methods do the same. The
// error is a *UnitError.
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

// UnmarshalJSON reads a number in SI base units, as encoding/json writes s, or
// text with a unit; the other UnmarshalJSON methods do the same.
func (s *Seconds) UnmarshalJSON(data []byte) error        { return unmarshalJSON(s, data) }
func (b *Bytes) UnmarshalJSON(data []byte) error          { return unmarshalJSON(b, data) }
func (r *BytesPerSecond) UnmarshalJSON(data []byte) error { return unmarshalJSON(r, data) }
func (j *Joules) UnmarshalJSON(data []byte) error         { return unmarshalJSON(j, data) }
func (j *JoulesPerByte) UnmarshalJSON(data []byte) error  { return unmarshalJSON(j, data) }
func (w *Watts) UnmarshalJSON(data []byte) error          { return unmarshalJSON(w, data) }
func (j *JouleSeconds) UnmarshalJSON(data []byte) error   { return unmarshalJSON(j, data) }
func (r *PerSecond) UnmarshalJSON(data []byte) error      { return unmarshalJSON(r, data) }

func unmarshalJSON[Q Quantity](into *Q, data []byte) error {
	if string(data) == "null" {
		return nil
	}
	if len(data) > 0 && data[0] == '"' {
		text, err := strconv.Unquote(string(data))
		if err != nil {
			return fmt.Errorf("want %s such as %q, got %s: %w", unitOf[Q]().plural, unitOf[Q]().example, data, err)
		}
		return unmarshal(into, []byte(text))
	}
	v, err := strconv.ParseFloat(string(data), 64)
	if err != nil {
		return fmt.Errorf("want %s as a number or such as %q, got %s: %w",
			unitOf[Q]().plural, unitOf[Q]().example, data, err)
	}
	*into = Q(v)
	return nil
}
