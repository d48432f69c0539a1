package host

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/crossover-bench/crossover/backends/child"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/internal/names"
)

// A brokenError says why a model cannot be loaded.
type brokenError struct{ reason string }

func (e *brokenError) Error() string { return e.reason }

// loadLimit bounds how long loading a model may take, whoever waits for it. The limits of a child
// process are below.
const loadLimit = 15 * time.Minute

// A repository loads models and closes them again.
type repository struct {
	options *Options
	models  map[string]*model // never changes
	ctx     context.Context   // ends with the host
	cancel  context.CancelFunc
	loads   sync.WaitGroup
	now     func() time.Time

	mu     sync.Mutex // guards the following fields and those of the models
	loaded int64      // bytes of the models that are loaded or being loaded
	uses   uint64     // counts acquisitions, to order models by their last use
	closed bool
}

type model struct {
	Served
	instance *instance // nil while the model is not loaded
	loading  *loading  // nil while it is not being loaded
	waiting  int       // requests that wait for loading

	// The last failure. It stays until the model is loaded again.
	reason   string
	broken   bool // by the file, not by a crash
	failures int  // in a row
	retry    time.Time
	sum      string // SHA-256 of the file that was loaded last
	deaths   int    // of its processes
}

// A loading model is waited for by many requests.
type loading struct {
	done chan struct{}
	err  error
}

func newRepository(o *Options) (*repository, error) {
	r := &repository{options: o, models: make(map[string]*model, len(o.Models)), now: time.Now}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	for _, m := range o.Models {
		if m.Name == oip.EchoModel {
			return nil, fmt.Errorf("host: %s: the name %q is taken by the built-in model", m.Variant.Path, m.Name)
		}
		if old := r.models[m.Name]; old != nil {
			return nil, fmt.Errorf("host: two models have the name %q: %s and %s",
				m.Name, old.Variant.Path, m.Variant.Path)
		}
		r.models[m.Name] = &model{Served: m, reason: m.Fault, broken: m.Fault != ""}
	}
	return r, nil
}

// The bounds of the search for the nearest name: it takes the product of the lengths for each name.
const (
	searchName  = 64
	searchNames = 64
)

// unknown returns a message that there is no model of that name, with the nearest known name.
func (r *repository) unknown(name string) string {
	msg := fmt.Sprintf("there is no model %q", name)
	if len(name) > searchName {
		return msg
	}
	var known []string
	for _, m := range r.options.Models {
		if d := len(m.Name) - len(name); -3 <= d && d <= 3 && len(known) < searchNames {
			known = append(known, m.Name)
		}
	}
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

// acquire returns the loaded model, which stays loaded until it is released. If the model is not
// loaded it waits for that, together with at most a queue of other requests, of which share may be the
// client's.
func (r *repository) acquire(ctx context.Context, name string, c *client, share int) (*instance, error) {
	m := r.models[name]
	for {
		i, l, err := r.hold(m, c, share)
		if i != nil || err != nil {
			return i, err
		}
		select {
		case <-l.done:
			err = l.err
		case <-ctx.Done():
			err = ctx.Err()
		}
		r.mu.Lock()
		m.waiting--
		r.mu.Unlock()
		c.leave(m)
		if err != nil {
			return nil, err
		}
	}
}

// hold returns the model if it is loaded. Otherwise it returns what to wait for, which it starts if
// necessary.
func (r *repository) hold(m *model, c *client, share int) (*instance, *loading, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch i := m.instance; {
	case r.closed:
		return nil, nil, errStopped
	case i != nil:
		r.uses++
		i.users, i.used = i.users+1, r.uses
		return i, nil, nil
	case m.Fault != "":
		return nil, nil, &brokenError{m.Fault}
	case m.loading == nil && r.now().Before(m.retry) && m.broken:
		return nil, nil, &brokenError{m.reason}
	case m.loading == nil && r.now().Before(m.retry):
		return nil, nil, fmt.Errorf("%w: %s", errRestarting, m.reason)
	case m.waiting >= r.options.Queue:
		return nil, nil, fmt.Errorf("%w (%d requests wait until the model is loaded); "+
			"try again or raise the host's --queue", errQueueFull, m.waiting)
	case !c.enter(m, share):
		return nil, nil, c.overShare(share)
	case m.loading == nil:
		m.loading = &loading{done: make(chan struct{})}
		r.loads.Add(1)
		go r.load(m, m.loading)
	}
	m.waiting++
	return nil, m.loading, nil
}

// release ends the use of an instance. The last user of one that was given up closes it.
func (r *repository) release(i *instance) {
	r.mu.Lock()
	i.users--
	last := i.users == 0 && i.retired
	r.mu.Unlock()
	if last {
		i.close()
	}
}

// load loads a model for all who wait for it.
func (r *repository) load(m *model, l *loading) {
	defer r.loads.Done()
	start := time.Now()
	ctx, cancel := context.WithTimeout(r.ctx, loadLimit)
	defer cancel()
	i, err := r.open(ctx, m)
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(l.done)
	m.loading = nil
	switch {
	case err == nil && r.closed:
		go i.close()
		l.err = errStopped
		r.loaded -= i.bytes
	case err == nil:
		m.instance, m.reason = i, ""
		if m.broken {
			m.broken, m.failures = false, 0 // the backoff of a model that crashes goes on
		}
		if m.sum != "" && m.sum != i.sum {
			r.options.Log.Warn("the model's file changed since it was loaded last", "model", m.Name, "sha256", i.sum)
		}
		m.sum = i.sum
		r.options.Log.Info("model loaded", "model", m.Name, "took", time.Since(start), "bytes", i.bytes,
			"interpreters", len(i.all), "isolated", i.isolated)
	case r.closed || errors.Is(err, errBusy):
		l.err = err
	default:
		r.options.Log.Warn("model not loaded", "model", m.Name, "error", err)
		l.err = m.fail(r.now(), &brokenError{m.public(err)})
	}
}

// fail notes why a model cannot run now, and returns err. The first failure may be tried again at
// once, since what was missing may be there now; later ones after 1 s, 2 s, ... 1 min.
func (m *model) fail(now time.Time, err error) error {
	_, m.broken = errors.AsType[*brokenError](err)
	m.reason = err.Error()
	m.failures++
	if m.failures > 1 || !m.broken {
		m.retry = now.Add(min(time.Second<<min(m.failures-1, 10), time.Minute))
	}
	return err
}

// crashed gives an instance up because one of its processes died. Its requests in the queue fail,
// those that run go on.
func (r *repository) crashed(name string, i *instance, died *child.DiedError) {
	r.mu.Lock()
	m := r.models[name]
	m.deaths++
	if m.instance != i {
		r.mu.Unlock()
		return
	}
	if r.now().Sub(i.loaded) > time.Minute {
		m.failures = 0
	}
	m.instance = nil
	r.loaded -= i.bytes
	_ = m.fail(r.now(), errors.New("its process "+died.How))
	wait := m.retry.Sub(r.now())
	i.retired = true
	close(i.gone)
	r.mu.Unlock()
	r.options.Log.Error("a model's process died",
		"model", name, "how", died.How, "said", died.Words, "restart_in", wait)
}

// makeRoom closes models, the least recently used first, until need more bytes fit into the limit,
// and counts these. Closing takes time, so it comes after the lock.
func (r *repository) makeRoom(m *model, need int64) error {
	limit := r.options.Memory
	if limit > 0 && need > limit {
		return &brokenError{fmt.Sprintf("the model takes %d bytes, more than the memory limit of %d", need, limit)}
	}
	var victims []*instance
	defer func() {
		for _, i := range victims {
			i.close()
		}
	}()
	r.mu.Lock()
	defer r.mu.Unlock()
	for limit > 0 && r.loaded+need > limit {
		var oldest *model
		var used uint64 = math.MaxUint64
		for _, o := range r.models {
			if i := o.instance; i != nil && i.users == 0 && i.used < used {
				oldest, used = o, i.used
			}
		}
		if oldest == nil {
			return fmt.Errorf("%w: it needs %d bytes, and %w (%d of %d bytes)",
				errBusy, need, errInUse, r.loaded, limit)
		}
		r.loaded -= oldest.instance.bytes
		victims = append(victims, oldest.instance)
		oldest.instance = nil
		r.options.Log.Info("model closed", "model", oldest.Name, "for", m.Name)
	}
	r.loaded += need
	return nil
}

// unload takes bytes of makeRoom back.
func (r *repository) unload(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loaded -= bytes
}

// preload loads every model. One that cannot be loaded is unavailable; if none can, that is an error.
func (r *repository) preload(ctx context.Context) error {
	var failed []string
	for _, m := range r.options.Models {
		i, err := r.acquire(ctx, m.Name, &client{name: "preload"}, 1)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed = append(failed, fmt.Sprintf("model %q: %v", m.Name, err))
			continue
		}
		r.release(i)
	}
	if len(failed) > 0 && len(failed) == len(r.options.Models) {
		return fmt.Errorf("host: no model can be loaded: %s", strings.Join(failed, "; "))
	}
	return nil
}

// kill kills the processes of all models, and so ends what runs in them.
func (r *repository) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cancel()
	for _, m := range r.models {
		if m.instance != nil {
			m.instance.kill()
		}
	}
}

// close closes the models that nobody uses. Where a request still runs, the process's end does.
func (r *repository) close() {
	r.mu.Lock()
	r.closed = true
	r.cancel()
	var idle []*instance
	for _, m := range r.models {
		if i := m.instance; i != nil && i.users == 0 {
			idle = append(idle, i)
			m.instance = nil
		}
	}
	r.mu.Unlock()
	for _, i := range idle {
		i.close()
	}
	loads := make(chan struct{})
	go func() {
		r.loads.Wait()
		close(loads)
	}()
	select {
	case <-loads:
	case <-time.After(settle): // a load that does not end cannot be waited for
	}
}
