package host

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// A limiter is a log handler that passes at most a burst of records with the same message in a
// second, so that a client cannot fill the disk. Records at the debug level are not limited.
type limiter struct {
	slog.Handler
	state *limiterState
}

type limiterState struct {
	mu     sync.Mutex
	now    func() time.Time
	second map[string]*records // by message; the host's messages are constants
}

type records struct {
	start         time.Time
	count, missed int
}

// burst is the number of records with the same message in a second.
const burst = 20

func newLimiter(h slog.Handler, now func() time.Time) *limiter {
	return &limiter{h, &limiterState{now: now, second: make(map[string]*records)}}
}

// Handle passes the record on if it is within the limit. The first one of a later second tells how
// many are missing.
func (l *limiter) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelInfo {
		return l.Handler.Handle(ctx, r)
	}
	missed, pass := l.state.take(r.Message)
	if !pass {
		return nil
	}
	if missed > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("not_logged_before", missed))
	}
	return l.Handler.Handle(ctx, r)
}

func (s *limiterState) take(message string) (missed int, pass bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, now := s.second[message], s.now()
	if seen == nil {
		seen = &records{start: now}
		s.second[message] = seen
	}
	if now.Sub(seen.start) >= time.Second {
		missed = seen.missed
		*seen = records{start: now}
	}
	if seen.count >= burst {
		seen.missed++
		return 0, false
	}
	seen.count++
	return missed, true
}

// WithAttrs returns a limiter with attributes that shares the counts.
func (l *limiter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &limiter{l.Handler.WithAttrs(attrs), l.state}
}

// WithGroup returns a limiter with a group that shares the counts.
func (l *limiter) WithGroup(name string) slog.Handler {
	return &limiter{l.Handler.WithGroup(name), l.state}
}
