package host

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// A budget bounds the bytes that requests and answers take together.
type budget struct {
	limit int64
	share int64 // of one client
	used  atomic.Int64
	peak  atomic.Int64
}

// A client is who sends requests: the owner of a token or of a certificate, or an address.
type client struct {
	name string
	used atomic.Int64 // bytes of the budget

	mu      sync.Mutex
	waiting map[*model]int // requests in queues
}

// take takes n bytes for a client, unless that exceeds its share or the limit.
func (b *budget) take(c *client, n int64) bool {
	if c.used.Add(n) > b.share {
		c.used.Add(-n)
		return false
	}
	used := b.used.Add(n)
	if used > b.limit {
		b.give(c, n)
		return false
	}
	for peak := b.peak.Load(); used > peak && !b.peak.CompareAndSwap(peak, used); {
		peak = b.peak.Load()
	}
	return true
}

func (b *budget) give(c *client, n int64) {
	b.used.Add(-n)
	c.used.Add(-n)
}

// enter counts a request of the client in the queue of a model, unless limit wait there already.
func (c *client) enter(m *model, limit int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting[m] >= limit {
		return false
	}
	if c.waiting == nil {
		c.waiting = make(map[*model]int)
	}
	c.waiting[m]++
	return true
}

// overShare refuses a request that enter did not count.
func (c *client) overShare(share int) error {
	return fmt.Errorf("%w: %d requests of %s wait already, %w", errBusy, share, c.name, errShare)
}

// leave takes a request off the count of enter.
func (c *client) leave(m *model) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting[m]--; c.waiting[m] == 0 {
		delete(c.waiting, m)
	}
}
