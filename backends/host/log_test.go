package host

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// A syncBuffer takes a log.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *syncBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func TestLimiterPassesABurstAndCountsTheRest(t *testing.T) {
	var b syncBuffer
	now := time.Unix(0, 0)
	log := slog.New(newLimiter(b.logger().Handler(), func() time.Time { return now })).With("k", "v")
	for range 100 {
		log.Warn("refused")
		log.Debug("detail")
	}
	log.Warn("other")
	now = now.Add(time.Second)
	log.Warn("refused")
	for want, n := range map[string]int{
		"msg=refused": burst + 1, "msg=detail": 100, "msg=other": 1, "not_logged_before=80": 1, "k=v": burst + 102,
	} {
		if got := strings.Count(b.String(), want); got != n {
			t.Errorf("%d lines with %s, want %d", got, want, n)
		}
	}
}
