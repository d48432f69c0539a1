package results

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
)

// An EventKind says what happened in the measuring program.
type EventKind string

// The events of one process, which measures one round: for each combination
// start, then block, skip or fail; finally end. If end is missing, the process
// died in the combination that it started last.
const (
	EventStart EventKind = "start"
	EventBlock EventKind = "block"
	EventSkip  EventKind = "skip"
	EventFail  EventKind = "fail"
	EventEnd   EventKind = "end"
)

// An Event is one line of the stream from the measuring program to the command.
type Event struct {
	Kind        EventKind
	Combination names.Combination // of start, skip and fail; a block has its own
	Reason      string            // of skip and fail
	Block       *Block            // of block
}

// wireEvent is an Event's line: compact JSON with the samples packed.
type wireEvent struct {
	Kind        EventKind          `json:"event"`
	Combination *names.Combination `json:"combination,omitempty"`
	Reason      string             `json:"reason,omitempty"`
	Block       *Block             `json:"block,omitempty"`
	Samples     string             `json:"samples,omitempty"`
}

// ErrTorn says that the stream's last line is incomplete: its writer died.
var ErrTorn = errors.New("the event stream ends in the middle of a line: its writer died")

// maxEvent bounds one line: about 8 million samples.
const maxEvent = 256 << 20

// An EventWriter writes events, one line each, in one write each: JSON, a
// blank and the CRC-32 (IEEE, hexadecimal) of that JSON. It is safe for
// concurrent use.
type EventWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// NewEventWriter returns an EventWriter to w. It does not close w.
func NewEventWriter(w io.Writer) *EventWriter { return &EventWriter{w: w} }

// Write writes ev.
func (w *EventWriter) Write(ev Event) error {
	if err := ev.check(); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	wire := wireEvent{Kind: ev.Kind, Reason: ev.Reason, Block: ev.Block}
	if ev.Combination != (names.Combination{}) {
		wire.Combination = &ev.Combination
	}
	if ev.Block != nil {
		wire.Samples = base64.RawStdEncoding.EncodeToString(packSamples(ev.Block.Samples))
	}
	line, err := json.Marshal(wire)
	if err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	line = fmt.Appendf(line, " %08x\n", crc32.ChecksumIEEE(line))
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.w.Write(line); err != nil {
		return fmt.Errorf("write event %s: %w", ev.Kind, err)
	}
	return nil
}

// check returns an error if the event lacks a part of its kind, or has another.
func (ev *Event) check() error {
	named := ev.Combination != (names.Combination{})
	switch ev.Kind {
	case EventStart:
		if !named || ev.Reason != "" || ev.Block != nil {
			return errors.New("start has a combination and nothing else")
		}
	case EventSkip, EventFail:
		if !named || ev.Reason == "" || ev.Block != nil {
			return fmt.Errorf("%s has a combination and a reason and nothing else", ev.Kind)
		}
	case EventBlock:
		if ev.Block == nil || named || ev.Reason != "" {
			return errors.New("block has a block and nothing else")
		}
		return ev.Block.check()
	case EventEnd:
		if named || ev.Reason != "" || ev.Block != nil {
			return errors.New("end has no other part")
		}
	default:
		return fmt.Errorf("%q is not an event", ev.Kind)
	}
	return nil
}

// An EventReader reads what an EventWriter wrote.
type EventReader struct {
	r    *bufio.Reader
	line int
}

// NewEventReader returns an EventReader from r.
func NewEventReader(r io.Reader) *EventReader {
	return &EventReader{r: bufio.NewReaderSize(r, 64<<10)}
}

// Next returns the next event. Its error is io.EOF at the end of the stream,
// ErrTorn if the stream ends within a line, and otherwise names the damaged
// line.
func (r *EventReader) Next() (Event, error) {
	var line []byte
	for {
		part, err := r.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxEvent:
			return Event{}, fmt.Errorf("event stream: line %d is longer than %d bytes", r.line+1, maxEvent)
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(line) == 0:
			return Event{}, io.EOF
		case err == io.EOF:
			return Event{}, ErrTorn
		case err != nil:
			return Event{}, fmt.Errorf("event stream: after line %d: %w", r.line, err)
		}
		break
	}
	r.line++
	ev, err := parseEvent(strings.TrimSuffix(string(line), "\n"))
	if err != nil {
		return Event{}, fmt.Errorf("event stream: line %d: %w", r.line, err)
	}
	return ev, nil
}

func parseEvent(line string) (Event, error) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return Event{}, errors.New("no checksum; did something else print there?")
	}
	sum, err := strconv.ParseUint(line[i+1:], 16, 32)
	if err != nil || len(line[i+1:]) != 8 {
		return Event{}, errors.New("no checksum; did something else print there?")
	}
	if uint32(sum) != crc32.ChecksumIEEE([]byte(line[:i])) {
		return Event{}, errors.New("the checksum does not match")
	}
	var wire wireEvent
	if err := json.Unmarshal([]byte(line[:i]), &wire); err != nil {
		return Event{}, err
	}
	ev := Event{Kind: wire.Kind, Reason: wire.Reason, Block: wire.Block}
	if wire.Combination != nil {
		ev.Combination = *wire.Combination
	}
	if wire.Block != nil {
		packed, err := base64.RawStdEncoding.DecodeString(wire.Samples)
		if err != nil {
			return Event{}, fmt.Errorf("samples: %w", err)
		}
		if wire.Block.Samples, err = unpackSamples(packed); err != nil {
			return Event{}, fmt.Errorf("samples: %w", err)
		}
	}
	return ev, ev.check()
}

// packSamples encodes samples as varints, a sample's due time as the difference
// from the one before.
func packSamples(samples []Sample) []byte {
	packed := make([]byte, 0, 24*len(samples))
	var at time.Duration
	for _, s := range samples {
		packed = binary.AppendUvarint(packed, uint64(s.Phase))
		packed = binary.AppendUvarint(packed, uint64(s.Mark))
		packed = binary.AppendVarint(packed, int64(s.At-at))
		at = s.At
		for _, v := range [...]int64{
			int64(s.Total), int64(s.Fill), int64(s.Exec), int64(s.Network),
			int64(s.Queue), int64(s.Lateness), s.Sent, s.Received,
		} {
			packed = binary.AppendVarint(packed, v)
		}
	}
	return packed
}

// unpackSamples is the inverse of packSamples.
func unpackSamples(packed []byte) ([]Sample, error) {
	var samples []Sample
	var at time.Duration
	for len(packed) > 0 {
		phase, mark := uint64(0), uint64(0)
		for _, u := range [...]*uint64{&phase, &mark} {
			v, n := binary.Uvarint(packed)
			if n <= 0 {
				return nil, fmt.Errorf("sample %d is damaged", len(samples)+1)
			}
			*u, packed = v, packed[n:]
		}
		if phase >= uint64(len(phaseNames)) || mark >= 1<<len(markNames) {
			return nil, fmt.Errorf("sample %d: phase %d or mark %#x is unknown", len(samples)+1, phase, mark)
		}
		var v [9]int64
		for i := range v {
			x, n := binary.Varint(packed)
			if n <= 0 {
				return nil, fmt.Errorf("sample %d is damaged", len(samples)+1)
			}
			v[i], packed = x, packed[n:]
		}
		at += time.Duration(v[0])
		samples = append(samples, Sample{
			Phase: Phase(phase), Mark: Mark(mark), At: at,
			Total: time.Duration(v[1]), Fill: time.Duration(v[2]), Exec: time.Duration(v[3]),
			Network: time.Duration(v[4]), Queue: time.Duration(v[5]), Lateness: time.Duration(v[6]),
			Sent: v[7], Received: v[8],
		})
	}
	return samples, nil
}
