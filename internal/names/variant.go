package names

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Variant names one .tflite file: "model=mobilenet/input=32/compression=pq" for a variant of the
// catalog, "model=face" for a user's own file.
type Variant string

// Parts are what a variant's name says. An optional part is empty at its default, and is then left
// out of the name.
type Parts struct {
	Model       string // the model's key, or its name for people in a title
	Input       string // side of the square image in pixels; empty for a user's file
	Compression string // NoCompression, or letters of p, w, q in the order applied; empty for a user's file
	Granularity string // of quantization: "channel" or "tensor"
	IO          string // type of the quantized model's input and output tensors
	Encoding    string // how a float image input travels: "raw", "uint8" or "jpeg"
}

// NoCompression is the compression without letters.
const NoCompression = "none"

// The encodings of a float image input: the tensor's bytes, one byte for each value of a pixel, or a
// JPEG.
const (
	EncodingRaw   = "raw"
	EncodingUint8 = "uint8"
	EncodingJPEG  = "jpeg"
)

// The values that Granularity, IO and Encoding may have.
var (
	Granularities = []string{"channel", "tensor"}
	IOTypes       = []string{"int8", "uint8", "float32"}
	Encodings     = []string{EncodingRaw, EncodingUint8, EncodingJPEG}
)

var (
	variantKeys     = []string{"model", "input", "compression", "granularity", "io", "encoding"}
	compressionForm = regexp.MustCompile(`^p?w?q?$`)
	compression     = regexp.MustCompile(`/compression=[^/]*`)
	quantization    = regexp.MustCompile(`/(granularity|io)=[^/]*`)
)

// Own returns the name of a user's own file, given its name with the extension, such as ".tflite".
func Own(file, extension string) Variant {
	return Parts{Model: escape(file, extension)}.Variant()
}

// escape turns a file's name into one segment of a benchmark's name: it drops the extension,
// keeps letters, digits and . _ + -, and writes every other byte as %XX. Different files get
// different names: an extension in another case stays, with its dot escaped, and no other name has
// that.
func escape(file, extension string) string {
	stem, ending := strings.TrimSuffix(file, extension), ""
	if dot := strings.LastIndexByte(file, '.'); dot >= 0 && (stem == "" || stem == file) {
		stem, ending = file[:dot], "%2E"+file[dot+1:]
	}
	// "% X" writes the bytes with a space between.
	return special.ReplaceAllStringFunc(stem, func(r string) string {
		return "%" + strings.ReplaceAll(fmt.Sprintf("% X", r), " ", "%")
	}) + ending
}

// special matches what may not stand in a benchmark's name as it is.
var special = regexp.MustCompile(`[^\p{L}\p{Nd}._+-]`)

// fields returns the parts in the order of variantKeys.
func (p *Parts) fields() []*string {
	return []*string{&p.Model, &p.Input, &p.Compression, &p.Granularity, &p.IO, &p.Encoding}
}

// Variant returns the name in benchmarks.
func (p Parts) Variant() Variant {
	var all []string
	for i, value := range p.fields() {
		if *value != "" {
			all = append(all, variantKeys[i]+"="+*value)
		}
	}
	return Variant(strings.Join(all, "/"))
}

// Title returns the name for people: "Mobilenet PQ 32 per-tensor float32-io".
func (p Parts) Title() string {
	words := []string{p.Model}
	if p.Compressed() {
		words = append(words, strings.ToUpper(p.Compression))
	}
	for _, part := range []struct{ before, value, after string }{
		{"", p.Input, ""}, {"per-", p.Granularity, ""}, {"", p.IO, "-io"}, {"", p.Encoding, "-encoded"},
	} {
		if part.value != "" {
			words = append(words, part.before+part.value+part.after)
		}
	}
	return strings.Join(words, " ")
}

// Compressed reports whether the name says that the variant is compressed.
func (p Parts) Compressed() bool { return p.Compression != "" && p.Compression != NoCompression }

// InputSize returns the side of the input image in pixels, 0 if unknown.
func (p Parts) InputSize() int {
	n, err := strconv.Atoi(p.Input)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Parts returns what the name says, as far as it can be read.
func (v Variant) Parts() Parts {
	var p Parts
	fields := p.fields()
	for part := range strings.SplitSeq(string(v), "/") {
		key, value, _ := strings.Cut(part, "=")
		if i := slices.Index(variantKeys, key); i >= 0 {
			*fields[i] = value
		}
	}
	return p
}

// Title returns a name for people that is made only from the name's parts; the catalog knows how a
// model is spelt.
func (v Variant) Title() string {
	p := v.Parts()
	if p.Model == "" {
		return string(v)
	}
	if p.Compression != "" {
		p.Model = strings.ToUpper(p.Model[:1]) + p.Model[1:]
	}
	return p.Title()
}

// Uncompressed returns the variant of the same model and input size without compression; ok is
// false for a user's own file. Granularity and IO type go with the compression, since they describe
// its quantization.
func (v Variant) Uncompressed() (base Variant, ok bool) {
	plain := quantization.ReplaceAllString(string(v), "")
	return Variant(compression.ReplaceAllString(plain, "/compression="+NoCompression)), compression.MatchString(plain)
}

// ParseVariant reads a name in benchmarks, in any order of its keys.
func ParseVariant(name string) (Parts, error) {
	var p Parts
	fields := p.fields()
	seen := map[string]bool{}
	for part := range strings.SplitSeq(name, "/") {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			return Parts{}, fmt.Errorf("%q is not key=value", part)
		}
		i := slices.Index(variantKeys, key)
		if i < 0 {
			return Parts{}, errors.New(Unknown("key", key, variantKeys))
		}
		if seen[key] {
			return Parts{}, fmt.Errorf("%s comes twice", key)
		}
		seen[key], *fields[i] = true, value
	}
	for _, key := range variantKeys[:3] {
		if !seen[key] {
			return Parts{}, fmt.Errorf("%s is missing", key)
		}
	}
	return p, p.check()
}

// ParseTitle reads a name for people, in any case: MODEL [LETTERS] SIZE, then words such as
// per-tensor, float32-io and jpeg-encoded.
func ParseTitle(title string) (Parts, error) {
	words := strings.Fields(title)
	if len(words) < 2 {
		return Parts{}, errors.New("want a model and an input size, such as Mobilenet PQ 32")
	}
	p := Parts{Model: words[0], Compression: NoCompression}
	words = words[1:]
	if _, err := strconv.Atoi(words[0]); err != nil {
		p.Compression, words = words[0], words[1:]
	}
	if len(words) == 0 {
		return Parts{}, errors.New("the input size is missing")
	}
	p.Input = words[0]
	for _, word := range words[1:] {
		word = strings.ToLower(word)
		if g, ok := strings.CutPrefix(word, "per-"); ok && p.Granularity == "" && g != "" {
			p.Granularity = g
		} else if t, ok := strings.CutSuffix(word, "-io"); ok && p.IO == "" && t != "" {
			p.IO = t
		} else if e, ok := strings.CutSuffix(word, "-encoded"); ok && p.Encoding == "" && e != "" {
			p.Encoding = e
		} else {
			return Parts{}, fmt.Errorf(
				"%q is not understood; after the size may come per-tensor, float32-io and jpeg-encoded", word)
		}
	}
	return p, p.check()
}

// check returns what is wrong with the parts and spells the compression as results do.
func (p *Parts) check() (err error) {
	written := p.Compression
	if p.Compression, err = ParseCompression(written); err != nil {
		return err
	}
	if (p.Granularity != "" || p.IO != "") && !strings.HasSuffix(p.Compression, "q") {
		return fmt.Errorf("granularity and io belong to the letter q, which %q lacks", written)
	}
	for _, optional := range []struct {
		what, value string
		known       []string
	}{{"granularity", p.Granularity, Granularities}, {"io type", p.IO, IOTypes}, {"encoding", p.Encoding, Encodings}} {
		if optional.value != "" && !slices.Contains(optional.known, optional.value) {
			return errors.New(Unknown(optional.what, optional.value, optional.known))
		}
	}
	return nil
}

// ParseCompression returns letters in lower case, or NoCompression.
func ParseCompression(text string) (string, error) {
	letters := strings.ToLower(text)
	if letters == NoCompression || letters != "" && compressionForm.MatchString(letters) {
		return letters, nil
	}
	return "", fmt.Errorf("compression %q: want none, or p (pruning), w (weight clustering) and q (quantization),"+
		" each at most once and in this order", text)
}
