package host

import (
	"fmt"
	"time"
)

// An UnfinishedError says that a host stopped while requests were running.
type UnfinishedError struct {
	Requests int
	Grace    time.Duration
}

func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("stopped with %d requests unanswered: they took longer than the grace period of %v",
		e.Requests, e.Grace)
}

// settle is how long a stopping host waits, once every answer is written, for its clients to close
// their connections.
const settle = 300 * time.Millisecond

// stop ends serving in steps:
//
//  1. For the drain time it answers that it is not ready, and goes on serving.
//  2. It refuses new connections and requests, and tells the clients so (GOAWAY). Accepted requests
//     go on. Connections that did nothing are closed.
//  3. When all are answered, the connections are closed. After the grace period they are closed
//     anyway and the models' processes are killed; then stop returns an *UnfinishedError.
func (s *Server) stop() error {
	s.log.Info("stopping", "drain", s.limits.Drain, "grace", s.limits.Grace, "requests", s.accepted.Load())
	s.draining.Store(true)
	s.health.Shutdown()
	time.Sleep(s.limits.Drain)
	s.stopping.Store(true)
	done := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(done)
	}()
	grace := time.After(s.limits.Grace)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for idle := time.Now(); ; {
		select {
		case <-done:
			return nil
		case <-grace:
			return s.abandon(done)
		case now := <-tick.C:
			if s.accepted.Load() > 0 {
				idle = now
			}
			s.listener.hangUp(now.Sub(idle) > settle)
		}
	}
}

// abandon ends what the grace period did not: connections, processes of models, and after a moment the
// wait for C code that nothing can interrupt.
func (s *Server) abandon(done <-chan struct{}) error {
	unfinished := &UnfinishedError{int(s.accepted.Load()), s.limits.Grace}
	s.repository.kill()
	s.listener.hangUp(true)
	select {
	case <-done:
	case <-time.After(settle):
	}
	if unfinished.Requests == 0 {
		return nil
	}
	s.log.Error("stopped before all requests were answered", "requests", unfinished.Requests)
	return unfinished
}
