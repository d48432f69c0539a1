package link

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/model"
)

// kernelLink prepares a link by netem, or returns why this machine cannot.
func kernelLink(t *testing.T, s Shape) (*Dialer, *backends.UnavailableError) {
	t.Helper()
	s.Emulation = Netem
	d := &Dialer{Shape: s}
	err := d.Prepare()
	if err == nil {
		t.Cleanup(func() { d.Close() })
		return d, nil
	}
	u, ok := errors.AsType[*backends.UnavailableError](err)
	if !ok {
		t.Fatalf("%T: %v", err, err)
	}
	return nil, u
}

// Depending on the machine this tests the emulated link, or the report of what the
// kernel or the user lacks.
func TestNetemEmulatesTheLinkOrSaysWhatIsMissing(t *testing.T) {
	for _, s := range []Shape{
		{Name: "rate", Up: 1e6, Down: 1e6},
		{Name: "latency", Latency: 5 * time.Millisecond, Up: 1e6, Down: 1e6},
	} {
		d, u := kernelLink(t, s)
		if u != nil {
			t.Logf("%s: %v", s.Name, u)
			if want := "root"; os.Geteuid() != 0 && !strings.Contains(u.Missing, want) {
				t.Errorf("%s: %q does not say that root is missing", s.Name, u.Missing)
			}
			if u.Missing == "" || !strings.Contains(u.Hint, "--link-emulation") {
				t.Errorf("%s: %+v", s.Name, u)
			}
			continue
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			if _, err := io.CopyN(io.Discard, c, 50000); err == nil {
				c.Write(make([]byte, 20000))
			}
		}()
		c, err := d.Dial(context.Background(), l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := c.Write(make([]byte, 50000)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, 20000)); err != nil {
			t.Fatal(err)
		}
		c.Close()
		// The first burst of a token bucket takes no time, each way.
		if took, least := time.Since(start), s.Network(50000-2*burst, 20000-2*burst); took < least {
			t.Errorf("%s: took %v, less than %v", s.Name, took, least)
		}
		if d.Counter.Sent() != 50000 || d.Counter.Received() != 20000 {
			t.Errorf("%s: counted %d and %d bytes", s.Name, d.Counter.Sent(), d.Counter.Received())
		}
	}
}

func TestNetemRefusesExponentialJitter(t *testing.T) {
	_, u := kernelLink(t, Shape{
		Name: "rough", Latency: time.Millisecond,
		Jitter: Jitter{Distribution: model.Exponential, Mean: time.Millisecond},
	})
	if u == nil || !strings.Contains(u.Missing, "exponential") {
		t.Errorf("error: %v", u)
	}
}

func TestNetemMustBePreparedBeforeDialling(t *testing.T) {
	d := &Dialer{Shape: Shape{Name: "l", Latency: time.Millisecond, Emulation: Netem}}
	if _, err := d.Dial(context.Background(), "127.0.0.1:1"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error: %v", err)
	}
}
