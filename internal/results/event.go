package results

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/crossover-bench/crossover/internal/names"
)

// An EventKind says what happened in the measuring program.
type EventKind string

// The events of one process, which measures one round: for each combination start, then block, skip
// or fail; finally end. If end is missing, the process died in the combination that it started
// last.
const (
	EventStart EventKind = "start"
	EventBlock EventKind = "block"
	EventSkip  EventKind = "skip"
	EventFail  EventKind = "fail"
	EventEnd   EventKind = "end"
)

// An Event is a message from the measuring program to the command.
type Event struct {
	Kind        EventKind         `json:"event"`
	Combination names.Combination `json:"combination,omitzero"` // of start, skip and fail; a block has its own
	Reason      string            `json:"reason,omitempty"`     // of skip and fail
	Block       *Block            `json:"block,omitempty"`      // of block
}

// wireEvent is an Event as the stream has it. The samples, up to millions, are gob's own; the rest
// is JSON, because gob does not distinguish a pointer to 0 from nil.
type wireEvent struct {
	JSON    []byte
	Samples []Sample
}

// ErrTorn says that the stream's last event is incomplete: its writer died.
var ErrTorn = errors.New("the event stream ends in the middle of an event: its writer died")

// An EventWriter writes events. It is safe for concurrent use.
type EventWriter struct{ gob *gob.Encoder }

// NewEventWriter returns an EventWriter to w. It does not close w.
func NewEventWriter(w io.Writer) *EventWriter { return &EventWriter{gob.NewEncoder(w)} }

// Write writes ev.
func (w *EventWriter) Write(ev Event) error {
	var wire wireEvent
	err := ev.check()
	if err == nil {
		wire.JSON, err = json.Marshal(ev)
	}
	if ev.Block != nil {
		wire.Samples = ev.Block.Samples
	}
	if err == nil {
		err = w.gob.Encode(wire)
	}
	if err != nil {
		return fmt.Errorf("write event %s: %w", ev.Kind, err)
	}
	return nil
}

// eventParts says which parts an event of each kind has.
var eventParts = map[EventKind]parts{
	EventStart: {combination: true},
	EventBlock: {block: true},
	EventSkip:  {combination: true, reason: true},
	EventFail:  {combination: true, reason: true},
	EventEnd:   {},
}

type parts struct{ combination, reason, block bool }

// check returns an error if the event lacks a part of its kind, has another, or has a block that
// cannot be recorded.
func (ev *Event) check() error {
	want, known := eventParts[ev.Kind]
	got := parts{ev.Combination != (names.Combination{}), ev.Reason != "", ev.Block != nil}
	switch {
	case !known:
		return fmt.Errorf("%q is not an event", ev.Kind)
	case got != want:
		return fmt.Errorf("%s has the parts %+v; want %+v", ev.Kind, got, want)
	case ev.Block != nil:
		return ev.Block.check()
	}
	return nil
}

// An EventReader reads what an EventWriter wrote.
type EventReader struct {
	gob  *gob.Decoder
	read int // events so far
}

// NewEventReader returns an EventReader from r.
func NewEventReader(r io.Reader) *EventReader { return &EventReader{gob: gob.NewDecoder(r)} }

// Next returns the next event. Its error is io.EOF at the end of the stream, ErrTorn if the stream
// ends within an event, and otherwise names the damaged event.
func (r *EventReader) Next() (Event, error) {
	var wire wireEvent
	var ev Event
	err := r.gob.Decode(&wire)
	switch {
	case err == io.EOF:
		return Event{}, io.EOF
	case err == io.ErrUnexpectedEOF:
		return Event{}, ErrTorn
	case err == nil:
		err = json.Unmarshal(wire.JSON, &ev)
	}
	if ev.Block != nil {
		ev.Block.Samples = wire.Samples
	}
	if err == nil {
		err = ev.check()
	}
	r.read++
	if err != nil {
		return Event{}, fmt.Errorf("event stream: event %d: %w", r.read, err)
	}
	return ev, nil
}
