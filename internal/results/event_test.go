package results

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func testEvents() []Event {
	b := testBlock("none", 3, 30, 300*time.Microsecond)
	freezing := 0.0
	b.Celsius = &freezing
	b.Samples = append(b.Samples, Sample{}, Sample{
		PhaseSteady, MarkLost, 3, -1, math.MaxInt64, math.MinInt64, 1, 2, 3, 4, 5, math.MaxInt64,
	})
	return []Event{
		{Kind: EventStart, Combination: combination("none")},
		{Kind: EventBlock, Block: &b},
		{Kind: EventSkip, Combination: combination("pq"), Reason: "no NPU"},
		{Kind: EventStart, Combination: combination("pwq")},
		{Kind: EventFail, Combination: combination("pwq"), Reason: "inference 3: boom\nsecond line"},
		{Kind: EventEnd},
	}
}

// writeEvents returns the stream of events, and where each of them ends.
func writeEvents(t testing.TB, events []Event) (stream []byte, ends []int) {
	t.Helper()
	var buf bytes.Buffer
	w := NewEventWriter(&buf)
	for _, ev := range events {
		if err := w.Write(ev); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, buf.Len())
	}
	return buf.Bytes(), ends
}

func readEvents(stream []byte) (events []Event, err error) {
	r := NewEventReader(bytes.NewReader(stream))
	for {
		ev, err := r.Next()
		if err == io.EOF {
			return events, nil
		}
		if err != nil {
			return events, err
		}
		events = append(events, ev)
	}
}

func TestEventReaderReadsWhatEventWriterWrites(t *testing.T) {
	events := testEvents()
	stream, _ := writeEvents(t, events)
	got, err := readEvents(stream)
	if err != nil || !reflect.DeepEqual(got, events) {
		t.Errorf("read %+v (%v)", got, err)
	}
}

func TestEventReaderOfACutStreamReturnsItsWholeEvents(t *testing.T) {
	events := testEvents()
	stream, ends := writeEvents(t, events)
	for end := range stream {
		whole, boundary := slices.BinarySearch(ends, end)
		if boundary {
			whole++
		}
		got, err := readEvents(stream[:end])
		if len(got) != whole || whole > 0 && !reflect.DeepEqual(got, events[:whole]) {
			t.Fatalf("cut at %d: %d events, want %d", end, len(got), whole)
		}
		if torn := end > 0 && !boundary; torn != errors.Is(err, ErrTorn) {
			t.Fatalf("cut at %d: error %v, torn: %v", end, err, torn)
		}
	}
}

func TestEventReaderRefusesForeignText(t *testing.T) {
	stream, ends := writeEvents(t, testEvents())
	for name, bad := range map[string]string{
		"printed text": "INFO: Created TensorFlow Lite delegate\n",
		"empty line":   "\n",
	} {
		got, err := readEvents(slices.Concat(stream[:ends[0]], []byte(bad), stream[ends[0]:]))
		if len(got) != 1 || err == nil || !strings.Contains(err.Error(), "event 2") {
			t.Errorf("%s: %d events, error %v; want 1 and an error in event 2", name, len(got), err)
		}
	}
}

func TestEventReaderRefusesAnInvalidEvent(t *testing.T) {
	b := testBlock("none", 0, 8, time.Millisecond)
	block, err := json.Marshal(Event{Kind: EventBlock, Block: &b})
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]wireEvent{
		"no JSON":       {JSON: []byte("end")},
		"unknown kind":  {JSON: []byte(`{"event":"pause"}`)},
		"no samples":    {JSON: block},
		"unknown phase": {JSON: block, Samples: []Sample{{Phase: PhaseSteady}, {Phase: PhaseSteady + 1}}},
		"unknown mark":  {JSON: block, Samples: []Sample{{Phase: PhaseSteady, Mark: 1 << len(MarkNames)}}},
	} {
		var buf bytes.Buffer
		if err := gob.NewEncoder(&buf).Encode(bad); err != nil {
			t.Fatal(err)
		}
		if got, err := readEvents(buf.Bytes()); len(got) != 0 || err == nil || !strings.Contains(err.Error(), "event 1") {
			t.Errorf("%s: %d events, error %v; want an error in event 1", name, len(got), err)
		}
	}
}

func TestEventWriterRefusesAnIncompleteEvent(t *testing.T) {
	w := NewEventWriter(io.Discard)
	for _, ev := range []Event{
		{},
		{Kind: "pause"},
		{Kind: EventStart},
		{Kind: EventBlock},
		{Kind: EventSkip, Combination: combination("pq")},
		{Kind: EventEnd, Reason: "done"},
		{Kind: EventFail, Reason: "which?"},
	} {
		if err := w.Write(ev); err == nil {
			t.Errorf("%+v was written", ev)
		}
	}
}

// FuzzEventReader reads any stream. If wire is set, the bytes are the JSON of an
// event whose samples are those of a block, so that it often passes gob.
func FuzzEventReader(f *testing.F) {
	events := testEvents()
	stream, _ := writeEvents(f, events)
	f.Add(stream, false)
	f.Add(stream[:len(stream)/2], false)
	for _, ev := range events {
		text, err := json.Marshal(ev)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, true)
	}
	b := testBlock("none", 0, 8, time.Millisecond)
	f.Fuzz(func(t *testing.T, stream []byte, wire bool) {
		if wire {
			var buf bytes.Buffer
			if err := gob.NewEncoder(&buf).Encode(wireEvent{JSON: stream, Samples: b.Samples}); err != nil {
				t.Fatal(err)
			}
			stream = buf.Bytes()
		}
		events, _ := readEvents(stream)
		// What was accepted is valid: written and read again, it is the same.
		again, _ := writeEvents(t, events)
		got, err := readEvents(again)
		if err != nil || !reflect.DeepEqual(got, events) {
			t.Errorf("%+v is read again as %+v (%v)", events, got, err)
		}
	})
}

// FuzzSamples gives the reader complete gzip members with any table inside, which
// arbitrary bytes seldom form.
func FuzzSamples(f *testing.F) {
	b := testBlock("none", 0, 8, time.Millisecond)
	member, err := encodeMember(&b, true)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(member, false)
	f.Add(gunzip(f, member), true)
	f.Add([]byte("a,b\n"), true)
	f.Fuzz(func(t *testing.T, data []byte, table bool) {
		if table {
			data = gzipped(t, data)
		}
		blocks, whole, _, err := readSamples(bytes.NewReader(data), "samples.csv.gz")
		if whole > int64(len(data)) || err == nil && len(blocks) == 0 && whole > 0 {
			t.Errorf("%d blocks fill %d of %d bytes", len(blocks), whole, len(data))
		}
		for i := range blocks {
			member, err := encodeMember(&blocks[i], true)
			if err != nil {
				t.Fatal(err)
			}
			again, _, _, err := readSamples(bytes.NewReader(member), "again")
			if err != nil || len(again) != 1 || !reflect.DeepEqual(again[0], blocks[i]) {
				t.Errorf("%+v is read again as %+v (%v)", blocks[i], again, err)
			}
		}
	})
}
