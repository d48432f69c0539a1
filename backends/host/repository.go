package host

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
)

// A Served is a variant that a host serves, and the model name in requests for it.
type Served struct {
	Name    string           `json:"name"`
	Variant fixtures.Variant `json:"variant"`
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

// errBusy refuses a request that may succeed later.
var errBusy = errors.New("busy")

// A repository loads models and closes them again.
type repository struct {
	options *Options
	models  map[string]*model // never changes

	loading sync.Mutex // held while a model loads, so that one loads at a time

	mu     sync.Mutex // guards the following fields and each model's instance and reason
	loaded int64      // bytes of the loaded models together
	uses   uint64     // counts acquisitions, to order models by their last use
	closed bool
}

type model struct {
	Served
	instance *instance // nil while the model is not loaded
	reason   string    // why the last attempt to load it failed
}

// An instance is a loaded model.
type instance struct {
	details         backends.Details
	inputs, outputs []fixtures.Tensor
	decoder         *decoder                                    // of a user's own image file; nil for others
	described       []*oip.ModelMetadataResponse_TensorMetadata // of the outputs
	sessions        chan backends.Session
	all             []backends.Session
	waiting         atomic.Int32

	users int    // requests that hold the instance
	used  uint64 // repository.uses when it was last acquired
	bytes int64
}

func newRepository(o *Options) (*repository, error) {
	r := &repository{options: o, models: make(map[string]*model, len(o.Models))}
	for _, m := range o.Models {
		if m.Name == oip.EchoModel {
			return nil, fmt.Errorf("host: %s: the name %q is taken by the built-in model", m.Variant.Path, m.Name)
		}
		if old := r.models[m.Name]; old != nil {
			return nil, fmt.Errorf("host: two models have the name %q: %s and %s", m.Name, old.Variant.Path, m.Variant.Path)
		}
		r.models[m.Name] = &model{Served: m}
	}
	return r, nil
}

// unknown returns a message that there is no model of that name, with the nearest known name.
func (r *repository) unknown(name string) string {
	var known []string
	for _, m := range r.options.Models {
		known = append(known, m.Name)
	}
	msg := fmt.Sprintf("there is no model %q", name)
	if near := names.Nearest(name, known); near != "" {
		msg += fmt.Sprintf("; did you mean %q?", near)
	}
	return msg
}

// state returns whether a model is loaded and why it cannot be.
func (r *repository) state(name string) (loaded bool, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.models[name]
	return m.instance != nil, m.reason
}

// acquire returns the loaded model, which stays loaded until it is released. It loads the model if
// necessary.
func (r *repository) acquire(ctx context.Context, name string) (*instance, error) {
	if i, err := r.hold(name); i != nil || err != nil {
		return i, err
	}
	r.loading.Lock()
	defer r.loading.Unlock()
	if i, err := r.hold(name); i != nil || err != nil { // another request loaded it in the meantime
		return i, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m := r.models[name]
	i, err := r.load(ctx, m)
	if err != nil && ctx.Err() == nil && !errors.Is(err, errBusy) {
		r.options.Log.Warn("model not loaded", "model", name, "error", err)
		r.mu.Lock()
		m.reason = err.Error()
		r.mu.Unlock()
	}
	return i, err
}

// hold returns the model if it is loaded and nil otherwise.
func (r *repository) hold(name string) (*instance, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, fmt.Errorf("%w: the host is stopping", errBusy)
	}
	i := r.models[name].instance
	if i != nil {
		r.uses++
		i.users, i.used = i.users+1, r.uses
	}
	return i, nil
}

func (r *repository) release(i *instance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i.users--
}

// load opens a model's sessions and holds the model for the caller, who holds r.loading.
func (r *repository) load(ctx context.Context, m *model) (*instance, error) {
	file, err := os.Stat(m.Variant.Path)
	if err != nil {
		return nil, err
	}
	if err := r.makeRoom(m, file.Size()); err != nil {
		return nil, err
	}
	start, before := time.Now(), r.options.Resident()
	i := &instance{sessions: make(chan backends.Session, r.options.Interpreters)}
	for range r.options.Interpreters {
		s, err := r.options.Backend.Open(ctx, m.Variant.Raw())
		if err != nil {
			i.close()
			return nil, err
		}
		i.all = append(i.all, s)
		i.sessions <- s
	}
	first := i.all[0]
	if d, ok := first.(backends.Detailed); ok {
		i.details = d.Details()
	}
	i.inputs, i.outputs = first.Inputs(), first.Outputs()
	if i.decoder, err = newDecoder(m.Variant, i.inputs); err != nil {
		i.close()
		return nil, err
	}
	if i.described, err = describe(i.outputs); err != nil {
		i.close()
		return nil, err
	}
	// The model takes what the process grew by, apart from weights that are first touched later.
	// The file's size is a lower bound.
	i.bytes = max(file.Size(), r.options.Resident()-before)
	if err := r.makeRoom(m, i.bytes); err != nil {
		i.close()
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		i.close()
		return nil, fmt.Errorf("%w: the host is stopping", errBusy)
	}
	r.uses++
	i.users, i.used = 1, r.uses
	m.instance, m.reason = i, ""
	r.loaded += i.bytes
	r.options.Log.Info("model loaded", "model", m.Name,
		"took", time.Since(start), "bytes", i.bytes, "interpreters", len(i.all))
	return i, nil
}

// makeRoom closes models, the least recently used first, until another need bytes fit into the
// limit.
func (r *repository) makeRoom(m *model, need int64) error {
	limit := r.options.Memory
	if limit == 0 {
		return nil
	}
	if need > limit {
		return fmt.Errorf("the model takes %d bytes, more than the memory limit of %d", need, limit)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.loaded+need > limit {
		var oldest *model
		var used uint64 = math.MaxUint64
		for _, o := range r.models {
			if i := o.instance; i != nil && i.users == 0 && i.used < used {
				oldest, used = o, i.used
			}
		}
		if oldest == nil {
			return fmt.Errorf("%w: it needs %d bytes, and every loaded model is in use (%d of %d bytes)",
				errBusy, need, r.loaded, limit)
		}
		r.loaded -= oldest.instance.bytes
		oldest.instance.close()
		oldest.instance = nil
		r.options.Log.Info("model closed", "model", oldest.Name, "for", m.Name)
	}
	return nil
}

func (r *repository) preload(ctx context.Context) error {
	for _, m := range r.options.Models {
		i, err := r.acquire(ctx, m.Name)
		if err != nil {
			return fmt.Errorf("host: model %q: %w", m.Name, err)
		}
		r.release(i)
	}
	return nil
}

func (r *repository) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, m := range r.models {
		if m.instance != nil {
			m.instance.close()
			m.instance = nil
		}
	}
}

func (i *instance) close() {
	for _, s := range i.all {
		s.Close() // an error changes no result, and the caller could not act on it
	}
}

// take waits for a free interpreter, which the caller gives back to i.sessions. It returns errBusy
// if queue requests wait already.
func (i *instance) take(ctx context.Context, queue int) (backends.Session, error) {
	select {
	case s := <-i.sessions:
		return s, nil
	default:
	}
	if int(i.waiting.Add(1)) > queue {
		i.waiting.Add(-1)
		return nil, fmt.Errorf("%w: the queue is full (%d requests wait for %d interpreters); "+
			"try again or raise the host's --queue", errBusy, queue, len(i.all))
	}
	defer i.waiting.Add(-1)
	select {
	case s := <-i.sessions:
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Folder returns every .tflite file in dir, sorted by file name. Files that the folder's manifest
// names are variants of the catalog c, which take images. All others take their own tensors, with
// the shapes of the folder's fixtures.ChoicesFile or the given ones (see fixtures.Choices), and
// images if their tensor is one.
func Folder(dir string, c *fixtures.Catalog, shapes []string) ([]Served, error) {
	files, err := fixtures.OwnFiles(dir)
	if err == nil {
		err = fixtures.ChooseForHost(files, shapes)
	}
	if err != nil {
		return nil, err
	}
	manifest, err := fixtures.ReadManifest(filepath.Dir(files[0].Path))
	if err != nil {
		return nil, err
	}
	entries := make(map[string]names.Variant, len(manifest.Variants))
	for _, e := range manifest.Variants {
		entries[filepath.Join(manifest.Dir, e.File)] = e.Name
	}
	for i, v := range files {
		if name, ok := entries[v.Path]; ok {
			if files[i], err = c.Variant(string(name), manifest.Dir); err != nil {
				return nil, err
			}
		}
	}
	return Serve(files...), nil
}
