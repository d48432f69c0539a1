package host

import (
	"errors"
	"fmt"
)

// A reason is why the host refuses a request or ends a connection: a label of the metrics.
type reason string

const (
	byCredentials reason = "credentials" // none that are valid
	byHandshake   reason = "handshake"   // a connection that ended before it was set up
	byConnections reason = "connections" // too many, and all are in use
	byRoom        reason = "made-room"   // a connection that did nothing, closed for a new one
	byDenials     reason = "denials"     // a connection with too many requests without valid credentials
	byStopping    reason = "stopping"    // the host is
	byBudget      reason = "budget"      // or the client's share of it
	// grpc refuses a message that is too large by itself and does not say so. To the admission it looks
	// like one that its client gave up.
	byIncomplete reason = "incomplete" // a message that was too large or given up
	byForm       reason = "malformed"  // a message, or one of too many parts
	byHalfSent   reason = "half-sent"  // a message that was not complete in time
	byUnread     reason = "unread"     // an answer that was not taken in time, with its connection
	byQueue      reason = "queue"      // full
	byShare      reason = "share"      // of the queue that one client may take
	byMemory     reason = "memory"     // every loaded model is in use
	byRestart    reason = "restarting" // the model's process died
)

// reasons are all of them.
var reasons = []reason{
	byCredentials, byHandshake, byConnections, byRoom, byDenials, byStopping, byBudget, byIncomplete, byForm,
	byHalfSent, byUnread, byQueue, byShare, byMemory, byRestart,
}

// errBusy refuses a request that may succeed later, and errRestarting one whose model's process died.
// The others say what is busy.
var (
	errBusy       = errors.New("busy")
	errRestarting = errors.New("restarting")
	errQueueFull  = fmt.Errorf("%w: the queue is full", errBusy)
	errStopped    = fmt.Errorf("%w: the host is stopping", errBusy)
	errShare      = errors.New("its share of the queue")
	errInUse      = errors.New("every loaded model is in use")
)

// refuseBy counts a handler's error that refuses a request.
func (m *metrics) refuseBy(err error) {
	for _, kind := range []struct {
		err error
		why reason
	}{
		{errQueueFull, byQueue},
		{errShare, byShare},
		{errInUse, byMemory},
		{errStopped, byStopping},
		{errRestarting, byRestart},
	} {
		if errors.Is(err, kind.err) {
			m.refuse(kind.why)
			return
		}
	}
}
