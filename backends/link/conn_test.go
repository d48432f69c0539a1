package link

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/crossover-bench/crossover/internal/names"
)

// pair returns both ends of a loopback connection; the device's end is shaped.
func pair(t testing.TB, s Shape) (device, host net.Conn, counter *Counter) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := &Dialer{Shape: s}
	device, err = d.Dial(context.Background(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if host, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { device.Close(); host.Close() })
	return device, host, &d.Counter
}

func TestConnBehavesLikeNetConn(t *testing.T) {
	for _, s := range []Shape{
		{Name: names.LinkDirect},
		{Name: "narrow", Latency: 200 * time.Microsecond, Up: 100e6, Down: 100e6},
	} {
		t.Run(string(s.Name), func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					return nil, nil, nil, err
				}
				defer l.Close()
				d := &Dialer{Shape: s}
				if c1, err = d.Dial(context.Background(), l.Addr().String()); err != nil {
					return nil, nil, nil, err
				}
				if c2, err = l.Accept(); err != nil {
					return nil, nil, nil, err
				}
				return c1, c2, func() { c1.Close(); c2.Close() }, nil
			})
		})
	}
}

// exchange sends up bytes, makes the host answer with down bytes, and returns how
// long that took and the emulator's own account of its lateness.
func exchange(t *testing.T, s Shape, up, down int) (took, late time.Duration) {
	t.Helper()
	device, host, counter := pair(t, s)
	go func() {
		if _, err := io.CopyN(io.Discard, host, int64(up)); err == nil {
			host.Write(make([]byte, down))
		}
	}()
	start := time.Now()
	if _, err := device.Write(make([]byte, up)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(device, make([]byte, down)); err != nil {
		t.Fatal(err)
	}
	took = time.Since(start)
	if counter.Sent() != int64(up) || counter.Received() != int64(down) {
		t.Errorf("the counter counted %d up and %d down, want %d and %d", counter.Sent(), counter.Received(), up, down)
	}
	return took, counter.TakeLateness()
}

func TestConnIsNeverEarlierThanTheEquation(t *testing.T) {
	for _, s := range []Shape{
		{Name: "ethernet", Latency: 10 * time.Millisecond, Up: 3.04e6, Down: 7.13e6},
		{Name: "5g", Latency: time.Millisecond, Up: 25.25e6, Down: 25.25e6},
		{Name: "latency alone", Latency: 4 * time.Millisecond},
		{Name: "rate alone", Up: 1e6, Down: 1e6},
	} {
		for _, up := range []int{1, 3072, 49152} {
			took, late := exchange(t, s, up, 100)
			want := s.Network(int64(up), 100)
			if took < want {
				t.Errorf("%s: %d bytes took %v, less than the %v of equation 2.2", s.Name, up, took, want)
			}
			if late < 0 || late > took-want {
				t.Errorf("%s: %d bytes: lateness %v is more than the excess %v", s.Name, up, late, took-want)
			}
		}
	}
}

func TestDirectHasNoDelayAndNoLateness(t *testing.T) {
	if _, late := exchange(t, Shape{Name: names.LinkDirect}, 3072, 100); late != 0 {
		t.Errorf("lateness over direct is %v", late)
	}
	if (Shape{Name: names.LinkDirect}).Shapes() {
		t.Error("direct shapes")
	}
}

func TestConnQueuesBytesWrittenTogether(t *testing.T) {
	s := Shape{Name: "slow", Latency: time.Millisecond, Up: 1e6}
	device, host, _ := pair(t, s)
	start := time.Now()
	for range 10 {
		if _, err := device.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.ReadFull(host, make([]byte, 10000)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 11*time.Millisecond {
		t.Errorf("10 writes of 1 ms each arrived after %v, want at least 11 ms", took)
	}
}

func TestCloseWriteDeliversFirstAndKeepsTheOtherWayOpen(t *testing.T) {
	device, host, _ := pair(t, Shape{Name: "l", Latency: 2 * time.Millisecond, Up: 1e6, Down: 1e6})
	sent := bytes.Repeat([]byte("x"), 5000)
	if _, err := device.Write(sent); err != nil {
		t.Fatal(err)
	}
	if err := device.(*counted).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := device.Write(sent); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write after half-close: %v, want %v", err, net.ErrClosed)
	}
	got, err := io.ReadAll(host)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("host read %d bytes, %v", len(got), err)
	}
	if _, err := host.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	host.Close()
	if got, err = io.ReadAll(device); err != nil || string(got) != "answer" {
		t.Errorf("device read %q, %v", got, err)
	}
}

func TestCloseStillDeliversWhatWasWritten(t *testing.T) {
	device, host, _ := pair(t, Shape{Name: "l", Latency: 5 * time.Millisecond, Up: 1e6})
	sent := bytes.Repeat([]byte("y"), 20000)
	if _, err := device.Write(sent); err != nil {
		t.Fatal(err)
	}
	if err := device.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(host); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("host read %d of %d bytes, %v", len(got), len(sent), err)
	}
	if err := device.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second close: %v", err)
	}
}

func TestDeadlineEndsAReadOfBytesInFlight(t *testing.T) {
	device, host, _ := pair(t, Shape{Name: "far", Latency: time.Second})
	if _, err := host.Write([]byte("late")); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	device.SetReadDeadline(start.Add(20 * time.Millisecond))
	if _, err := device.Read(make([]byte, 8)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read: %v", err)
	}
	if took := time.Since(start); took > 900*time.Millisecond {
		t.Errorf("the deadline of 20 ms ended the read after %v", took)
	}
	device.SetReadDeadline(time.Time{})
	b := make([]byte, 8)
	if n, err := device.Read(b); err != nil || string(b[:n]) != "late" {
		t.Errorf("read after the deadline: %q, %v", b[:n], err)
	}
}

func TestConnReportsAResetToReaderAndWriter(t *testing.T) {
	device, host, _ := pair(t, Shape{Name: "l", Latency: time.Millisecond})
	host.(*net.TCPConn).SetLinger(0)
	host.Close()
	if _, err := device.Read(make([]byte, 1)); err == nil {
		t.Error("read from a reset connection succeeded")
	}
	device.SetWriteDeadline(time.Now().Add(5 * time.Second))
	for {
		if _, err := device.Write(make([]byte, 100)); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("writes to a reset connection never failed")
			}
			break
		}
	}
}

func TestDialTakesTheHandshakesRoundTrip(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := &Dialer{Shape: Shape{Name: "l", Latency: 10 * time.Millisecond}}
	start := time.Now()
	c, err := d.Dial(context.Background(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if took := time.Since(start); took < 20*time.Millisecond {
		t.Errorf("dialled in %v", took)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.Dial(ctx, l.Addr().String()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled dial: %v", err)
	}
}

func BenchmarkSpinCost(b *testing.B) {
	var worst time.Duration
	for b.Loop() {
		worst = max(worst, waitUntil(now().add(2*time.Millisecond)))
	}
	b.ReportMetric(float64(worst.Microseconds()), "worst-late-µs")
}
