package results

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

func testEvents() []Event {
	b := testBlock("none", 3, 30, 300*time.Microsecond)
	return []Event{
		{Kind: EventStart, Combination: combination("none")},
		{Kind: EventBlock, Block: &b},
		{Kind: EventSkip, Combination: combination("pq"), Reason: "no NPU"},
		{Kind: EventStart, Combination: combination("pwq")},
		{Kind: EventFail, Combination: combination("pwq"), Reason: "inference 3: boom\nsecond line"},
		{Kind: EventEnd},
	}
}

func writeEvents(t testing.TB, events []Event) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := NewEventWriter(&buf)
	for _, ev := range events {
		if err := w.Write(ev); err != nil {
			t.Fatal(err)
		}
	}
	return buf.Bytes()
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
	got, err := readEvents(writeEvents(t, events))
	if err != nil || !reflect.DeepEqual(got, events) {
		t.Errorf("read %+v (%v)", got, err)
	}
}

func TestEventReaderOfACutStreamReturnsItsWholeEvents(t *testing.T) {
	events := testEvents()
	stream := writeEvents(t, events)
	for end := range stream {
		whole := bytes.Count(stream[:end], []byte("\n"))
		got, err := readEvents(stream[:end])
		if len(got) != whole || whole > 0 && !reflect.DeepEqual(got, events[:whole]) {
			t.Fatalf("cut at %d: %d events, want %d", end, len(got), whole)
		}
		if torn := end > 0 && stream[end-1] != '\n'; torn != errors.Is(err, ErrTorn) {
			t.Fatalf("cut at %d: error %v, torn: %v", end, err, torn)
		}
	}
}

func TestEventReaderRefusesAForeignLine(t *testing.T) {
	stream := writeEvents(t, testEvents())
	i := bytes.IndexByte(stream, '\n') + 1
	for name, bad := range map[string]string{
		"printed text": "INFO: Created TensorFlow Lite delegate\n",
		"wrong sum":    `{"event":"end"} 00000000` + "\n",
		"empty line":   "\n",
	} {
		got, err := readEvents([]byte(string(stream[:i]) + bad + string(stream[i:])))
		if len(got) != 1 || err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %d events, error %v; want 1 and an error in line 2", name, len(got), err)
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

// FuzzEventReader reads any stream. signed gives each line its checksum, which
// arbitrary bytes would not have.
func FuzzEventReader(f *testing.F) {
	stream := writeEvents(f, testEvents())
	f.Add(stream, false)
	f.Add(stream[:len(stream)/2], false)
	f.Add([]byte(`{"event":"block"} 00000000`+"\n"), false)
	for line := range bytes.Lines(stream) {
		f.Add(line[:bytes.LastIndexByte(line, ' ')], true)
	}
	f.Fuzz(func(t *testing.T, stream []byte, signed bool) {
		if signed {
			var lines []byte
			for line := range bytes.Lines(stream) {
				line = bytes.TrimSuffix(line, []byte("\n"))
				lines = fmt.Appendf(append(lines, line...), " %08x\n", crc32.ChecksumIEEE(line))
			}
			stream = lines
		}
		events, _ := readEvents(stream)
		// What was accepted is valid: written and read again, it is the same.
		again, err := readEvents(writeEvents(t, events))
		if err != nil || !reflect.DeepEqual(again, events) {
			t.Errorf("%+v is read again as %+v (%v)", events, again, err)
		}
	})
}

func FuzzUnpackSamples(f *testing.F) {
	b := testBlock("none", 0, 8, time.Millisecond)
	f.Add(packSamples(b.Samples))
	f.Fuzz(func(t *testing.T, packed []byte) {
		samples, err := unpackSamples(packed)
		if err != nil {
			return
		}
		if again, err := unpackSamples(packSamples(samples)); err != nil || !reflect.DeepEqual(again, samples) {
			t.Errorf("%v is read again as %v (%v)", samples, again, err)
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
