package host

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
)

// A Served is a variant that a host serves, and the model name in requests for it.
type Served struct {
	Name    string           `json:"name"`
	Variant fixtures.Variant `json:"variant"`
	Fault   string           `json:"fault,omitempty"` // why it cannot be served; empty if it may be
}

// Serve returns the variants under their default names.
func Serve(variants ...fixtures.Variant) []Served {
	var out []Served
	for _, v := range variants {
		out = append(out, Served{Name: ModelName(v), Variant: v})
	}
	return out
}

// ModelName returns the name under which hosts of Crossover serve a variant by default: its file's
// name without ".tflite".
func ModelName(v fixtures.Variant) string {
	return strings.TrimSuffix(filepath.Base(v.Path), ".tflite")
}

// Folder returns every .tflite file in dir, sorted by file name. Files that the folder's manifest
// names are variants of the catalog c, which take images. All others take their own tensors, with
// the shapes of the folder's fixtures.ChoicesFile or the given ones (see fixtures.Choices), and
// images if their tensor is one. A file that cannot be served, such as a link out of the folder, has
// its Fault.
func Folder(dir string, c *fixtures.Catalog, shapes []string) ([]Served, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("models folder: %w", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("models folder: %w", err)
	}
	var out []Served
	var own []fixtures.Variant // those without a fault
	for _, f := range files {
		if !strings.EqualFold(filepath.Ext(f.Name()), extension) {
			continue
		}
		m := Served{Fault: fault(dir, f.Name()), Variant: plain(filepath.Join(dir, f.Name()))}
		if m.Fault == "" {
			if v, err := fixtures.OwnFile(m.Variant.Path); err == nil {
				m.Variant = v
			}
			own = append(own, m.Variant)
		}
		m.Name = free(out, strings.ToValidUTF8(ModelName(m.Variant), "\uFFFD"))
		out = append(out, m)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("models folder: no %s file in %s", extension, dir)
	}
	if err := fixtures.ChooseForHost(own, shapes); err != nil {
		return nil, err
	}
	manifest, err := fixtures.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if m := &out[i]; m.Fault == "" {
			m.Variant, own = own[0], own[1:]
			if err := m.catalogued(manifest, c); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// extension is that of the files that a host serves.
const extension = ".tflite"

// plain returns a file as a variant about which nothing else is known.
func plain(path string) fixtures.Variant {
	return fixtures.Variant{Name: names.Own(filepath.Base(path), extension), Title: filepath.Base(path), Path: path}
}

// catalogued makes the model a variant of the catalog if the manifest names its file.
func (s *Served) catalogued(manifest *fixtures.Manifest, c *fixtures.Catalog) (err error) {
	for _, e := range manifest.Variants {
		if filepath.Join(manifest.Dir, e.File) == s.Variant.Path {
			s.Variant, err = c.Variant(string(e.Name), manifest.Dir)
		}
	}
	return err
}

// free returns the name, with a number if a model has it already: two unreadable names may look alike.
func free(models []Served, name string) string {
	for n := 2; ; n++ {
		candidate := name
		if n > 2 {
			candidate = fmt.Sprintf("%s-%d", name, n-1)
		}
		if !slices.ContainsFunc(models, func(m Served) bool { return m.Name == candidate }) {
			return candidate
		}
	}
}

// fault returns why a file of the folder cannot be served, "" if it may be.
func fault(dir, file string) string {
	path := filepath.Join(dir, file)
	real, err := filepath.EvalSymlinks(path)
	root, rootErr := filepath.EvalSymlinks(dir)
	switch {
	case !utf8.ValidString(file):
		return "the file's name is not UTF-8; rename it"
	case len(file) > maxName:
		return fmt.Sprintf("the file's name is longer than %d bytes; rename it", maxName)
	case err != nil || rootErr != nil:
		return "the file is a link that leads nowhere"
	case filepath.Dir(real) != root && !strings.HasPrefix(real, root+string(filepath.Separator)):
		return "the file is a link out of the folder; copy the file into it"
	}
	f, _, err := openRegular(path)
	if err != nil {
		return strings.ReplaceAll(err.Error(), path, file)
	}
	f.Close()
	return ""
}
