package accept

import (
	"strconv"
	"strings"

	"github.com/crossover-bench/crossover/internal/names"
)

// A Variant is what judging knows of a variant.
type Variant struct {
	Name  string // "model=mobilenet/input=32/compression=pq"
	Title string // "Mobilenet PQ 32"
	Path  string // of a file of the user's own, else empty

	Model, Compression string // "mobilenet", "pq"; empty when the name does not say
	Input              int    // side of the square image in pixels, 0 when not known
	Payload            int64  // bytes that an offloaded inference sends, 0 when not known
	Parameters         int64  // 0 when not known
	Layers             int    // of the whole Keras model, 0 when not known
}

// VariantOf returns what a variant's name alone says of it.
func VariantOf(name string) Variant {
	v := Variant{Name: name}
	for part := range strings.SplitSeq(name, "/") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "model":
			v.Model = value
		case "compression":
			v.Compression = value
		case "input":
			if n, err := strconv.Atoi(value); err == nil {
				v.Input = n
				v.Payload = int64(n) * int64(n) * 3
			}
		}
	}
	v.Title = v.Model
	if v.Compression != "" && v.Compression != "none" {
		v.Title += " " + strings.ToUpper(v.Compression)
	}
	if v.Input > 0 {
		v.Title += " " + strconv.Itoa(v.Input)
	}
	if v.Title == "" {
		v.Title = name
	}
	return v
}

// Compressed reports whether the variant is known to be compressed.
func (v Variant) Compressed() bool { return v.Compression != "" && v.Compression != "none" }

// Variants is what scenarios can choose from.
type Variants []Variant

// Named returns the variant of that name or title, whatever its capitals. The
// error offers the nearest name.
func (vs Variants) Named(name string) (Variant, error) {
	var known []string
	for _, v := range vs {
		if strings.EqualFold(v.Name, name) || strings.EqualFold(v.Title, name) {
			return v, nil
		}
		known = append(known, v.Title, v.Name)
	}
	return Variant{}, &UnknownError{Kind: "variant", Name: name, Nearest: nearest(name, known)}
}

// An UnknownError says that a name means nothing, and which one is near.
type UnknownError struct {
	Kind, Name, Nearest string
}

func (e *UnknownError) Error() string {
	if e.Nearest == "" {
		return "unknown " + e.Kind + " " + strconv.Quote(e.Name)
	}
	return "unknown " + e.Kind + " " + strconv.Quote(e.Name) + "; did you mean " + strconv.Quote(e.Nearest) + "?"
}

// nearest returns the known name nearest to the one given, whatever their
// capitals.
func nearest(name string, known []string) string {
	lower := make([]string, len(known))
	for i, k := range known {
		lower[i] = strings.ToLower(k)
	}
	near := names.Nearest(strings.ToLower(name), lower)
	for i, l := range lower {
		if l == near && near != "" {
			return known[i]
		}
	}
	return ""
}
