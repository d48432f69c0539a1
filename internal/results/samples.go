package results

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
)

// columns are the columns of samples.csv.gz.
var columns = []string{
	"combination", "round", "phase", "mark", "at_sec", "total_sec", "fill_sec", "exec_sec",
	"network_sec", "queue_sec", "lateness_sec", "sent_bytes", "received_bytes", "note", "lost",
}

// oldColumns are how many of them a file has that was written before "lost" was added. Its mark of a
// lost request stands for an unknown number, one at least.
const oldColumns = 14

// phaseOpen is the phase of a block's first row.
const phaseOpen = "open"

// encodeMember returns b as one closed gzip member of samples.csv.gz.
func encodeMember(b *Block, header bool) ([]byte, error) {
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	cw := csv.NewWriter(zw)
	if header {
		cw.Write(columns)
	}
	note, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	row := make([]string, len(columns))
	row[0], row[1] = b.Combination.Name(), strconv.Itoa(b.Round)
	row[2], row[5], row[13] = phaseOpen, formatSeconds(b.Open), string(note)
	cw.Write(row)
	clear(row[2:])
	for _, s := range b.Samples {
		row[2], row[3] = s.Phase.String(), s.Mark.String()
		for i, d := range [...]time.Duration{s.At, s.Total, s.Fill, s.Exec, s.Network, s.Queue, s.Lateness} {
			row[4+i] = formatSeconds(d)
		}
		row[11], row[12], row[14] = formatCount(s.Sent), formatCount(s.Received), formatCount(int64(s.Lost))
		cw.Write(row)
	}
	cw.Flush()
	if err := cw.Error(); err != nil {
		return nil, err
	}
	if err := zw.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// formatSeconds returns d in seconds with nine decimals, and "" for 0.
func formatSeconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	sign, ns := "", uint64(d)
	if d < 0 {
		sign, ns = "-", -ns
	}
	return fmt.Sprintf("%s%d.%09d", sign, ns/1e9, ns%1e9)
}

func parseSeconds(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	whole, decimals, _ := strings.Cut(s, ".")
	ns, err := strconv.ParseInt(whole+decimals, 10, 64)
	if err != nil || len(decimals) != 9 || whole == "" || whole == "-" || whole[0] == '+' {
		return 0, fmt.Errorf("%q is not a time in seconds with nine decimals", s)
	}
	return time.Duration(ns), nil
}

func formatCount(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func parseCount(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a count", s)
	}
	return n, nil
}

// maxRow bounds a row of samples.csv.gz in bytes. A longer one is damage, and would let a small
// compressed file exhaust the memory.
const maxRow = 1 << 20

// readSamples reads the blocks of a samples.csv.gz from r. The blocks fill the first whole bytes.
// An incomplete last member is not an error: torn reports it.
func readSamples(r io.ReadSeeker, name string) (blocks []Block, whole int64, torn bool, err error) {
	br := bufio.NewReaderSize(r, 64<<10)
	line := 0 // of the uncompressed table
	var zr gzip.Reader
	for {
		if _, err := br.Peek(1); err == io.EOF {
			return blocks, whole, false, nil
		} else if err != nil {
			return blocks, whole, false, fmt.Errorf("%s: byte %d: %w", name, whole, err)
		}
		b, n, err := readMember(&zr, br, line)
		if err != nil {
			// Go's gzip reports an incomplete header as EOF or ErrUnexpectedEOF, and an incomplete
			// body as ErrUnexpectedEOF. Before the file's end either is damage.
			if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
				if _, end := br.Peek(1); end == io.EOF {
					return blocks, whole, true, nil
				}
			}
			return blocks, whole, false, fmt.Errorf("%s: block %d (from byte %d): %w", name, len(blocks)+1, whole, err)
		}
		read, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return blocks, whole, false, fmt.Errorf("%s: %w", name, err)
		}
		blocks = append(blocks, b)
		line += n
		whole = read - int64(br.Buffered())
	}
}

// readMember reads one gzip member, whose first line has the number line+1, and returns its block
// and its number of lines.
func readMember(zr *gzip.Reader, br *bufio.Reader, line int) (Block, int, error) {
	if err := zr.Reset(br); err != nil {
		return Block{}, 0, fmt.Errorf("gzip: %w", err)
	}
	zr.Multistream(false)
	var b Block
	var rows int
	var bad error // of the first bad row; reported only if the member is complete
	lines := bufio.NewScanner(zr)
	lines.Buffer(make([]byte, 64<<10), maxRow)
	for lines.Scan() {
		rows++
		if bad == nil {
			bad = b.parseRow(lines.Bytes(), line+rows)
		}
	}
	switch err := lines.Err(); {
	case err == bufio.ErrTooLong:
		return Block{}, 0, fmt.Errorf("gzip: a row is longer than %d bytes", maxRow)
	case err != nil:
		return Block{}, 0, fmt.Errorf("gzip: %w", err)
	case bad != nil:
		return Block{}, 0, bad
	}
	if b.Combination == (names.Combination{}) {
		return Block{}, 0, errors.New("the gzip member holds no block")
	}
	if err := b.check(); err != nil {
		return Block{}, 0, err
	}
	return b, rows, nil
}

// parseRow reads one line of the table into b; line is its number in the whole table.
func (b *Block) parseRow(text []byte, line int) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("row %d: %w", line, fmt.Errorf(format, args...))
	}
	cr := csv.NewReader(bytes.NewReader(text))
	f, err := cr.Read()
	if err == nil && len(f) != len(columns) && len(f) != oldColumns {
		err = csv.ErrFieldCount
	}
	if err != nil {
		return fail("%d columns wanted: %v", len(columns), err)
	}
	if line == 1 {
		for i, got := range f {
			if got != columns[i] {
				return fail("column %d is %q; want %q", i+1, got, columns[i])
			}
		}
		return nil
	}
	if b.Combination == (names.Combination{}) { // the block's first row
		if f[2] != phaseOpen {
			return fail("a block starts with the phase %q, not %q", phaseOpen, f[2])
		}
		if err := json.Unmarshal([]byte(f[13]), b); err != nil {
			return fail("note: %v", err)
		}
		if f[0] != b.Combination.Name() || f[1] != strconv.Itoa(b.Round) || f[5] != formatSeconds(b.Open) {
			return fail("note and columns disagree on combination, round or opening time")
		}
		return nil
	}
	if f[0] != b.Combination.Name() || f[1] != strconv.Itoa(b.Round) {
		return fail("%s in round %s is in the block of %s, round %d", f[0], f[1], b.Combination.Name(), b.Round)
	}
	var s Sample
	if s.Phase, err = parsePhase(f[2]); err != nil {
		return fail("%w", err)
	}
	if s.Mark, err = parseMark(f[3]); err != nil {
		return fail("%w", err)
	}
	for i, d := range [...]*time.Duration{&s.At, &s.Total, &s.Fill, &s.Exec, &s.Network, &s.Queue, &s.Lateness} {
		if *d, err = parseSeconds(f[4+i]); err != nil {
			return fail("%s: %w", columns[4+i], err)
		}
	}
	for i, n := range [...]*int64{&s.Sent, &s.Received} {
		if *n, err = parseCount(f[11+i]); err != nil {
			return fail("%s: %w", columns[11+i], err)
		}
	}
	if f[13] != "" {
		return fail("a sample cannot have a note, but this one has %q", f[13])
	}
	if len(f) > oldColumns {
		lost, err := parseCount(f[14])
		if err != nil || lost > math.MaxUint16 {
			return fail("%s: %q is not a count of requests", columns[14], f[14])
		}
		s.Lost = uint16(lost)
	}
	b.Samples = append(b.Samples, s)
	return nil
}
