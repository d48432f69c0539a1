package host

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// victimVariable makes the test binary a host in a process of its own, as crossover host is: its value
// is the models' folder.
const victimVariable = "CROSSOVER_TEST_VICTIM"

func serveVictim() {
	dir := os.Getenv(victimVariable)
	if dir == "" {
		return
	}
	debug.SetMemoryLimit(128<<20 + 256e6) // as cmd/crossover does
	models, err := Folder(dir, fixtures.Default(), nil)
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	s, err := New(ctx, Options{
		Models: models, Backend: backendtest.New("cpu1", nil), Preload: true, Private: true,
		Files: CredentialFiles{Tokens: filepath.Join(dir, "tokens")},
	})
	if err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	panic(s.Serve(ctx, l))
}

// A victim is a host in a process of its own, which requires one of the tokens "secret" and "other".
type victim struct {
	address string
	pid     int
	ended   chan struct{}
}

func newVictim(t *testing.T) *victim {
	t.Helper()
	dir := filepath.Dir(folder(t, "a")[0].Variant.Path)
	if err := os.WriteFile(filepath.Join(dir, "tokens"), []byte("attacker secret\nbystander other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimVariable+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v := &victim{pid: cmd.Process.Pid, ended: make(chan struct{})}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	v.address = strings.TrimSpace(line)
	go func() {
		_ = cmd.Wait()
		close(v.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-v.ended
	})
	return v
}

// peak returns the most memory that the process has held, in bytes.
func (v *victim) peak(t *testing.T) int64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kb, _ := strconv.ParseInt(fields[1], 10, 64)
			return kb << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

// A bystander is another client, with a token of its own, that notes how long its requests take.
type bystander struct {
	open, fresh []time.Duration
	failed      int

	phase   atomic.Value // of the attack
	slowest time.Duration
	during  string // the phase of the slowest
}

// watch sends requests over an open and over new connections until done is closed.
func (b *bystander) watch(address string, done <-chan struct{}) {
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer other")
	infer := func(c *grpc.ClientConn, to *[]time.Duration) {
		limited, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		began := time.Now()
		if _, err := oip.NewGRPCInferenceServiceClient(c).ModelInfer(limited, request("a")); err != nil {
			b.failed++
			fmt.Fprintln(os.Stderr, "bystander:", err)
		}
		took := time.Since(began)
		if *to = append(*to, took); took > b.slowest {
			b.slowest, b.during = took, b.phase.Load().(string)
		}
	}
	// The bystander is another machine: it has an address of its own.
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	connect := func() *grpc.ClientConn {
		c, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, a string) (net.Conn, error) {
				return dialer.DialContext(ctx, "tcp", a)
			}))
		if err != nil {
			panic(err)
		}
		return c
	}
	open := connect()
	defer open.Close()
	var first []time.Duration
	infer(open, &first) // connects
	b.slowest = 0
	for {
		select {
		case <-done:
			return
		case <-time.After(2 * time.Millisecond):
		}
		infer(open, &b.open)
		if len(b.open)%10 == 0 {
			fresh := connect()
			infer(fresh, &b.fresh)
			fresh.Close()
		}
	}
}

func quantile(times []time.Duration, q float64) time.Duration {
	slices.Sort(times)
	if len(times) == 0 {
		return 0
	}
	return times[min(int(q*float64(len(times))), len(times)-1)]
}

// A siege is the attacks on a victim, in their full size or scaled down.
type siege struct {
	*testing.T
	victim *victim
	token  string
	full   bool
	other  bystander
}

func (s *siege) size(full, short int) int {
	if s.full {
		return full
	}
	return short
}

// refused checks the answer to a request that must be refused.
func (s *siege) refused(what string, err error) {
	s.Helper()
	want := []codes.Code{codes.Unauthenticated, codes.Unavailable} // its connection is closed after a while
	if s.token != "" {
		want = []codes.Code{codes.InvalidArgument, codes.ResourceExhausted}
	}
	if !slices.Contains(want, status.Code(err)) {
		s.Errorf("%s: %.200v; want one of %v", what, err, want)
	}
}

// attack runs all attacks, one after another.
func (s *siege) attack(inputs, name []byte) {
	ctx := context.Background()
	if s.token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+s.token)
	}
	takenInputs, takenName := manyInputs(1e6), longName(1e6)
	for range 3 {
		c := dial(s, s.victim.address)
		s.other.phase.Store("empty inputs")
		s.refused("empty inputs", sendBytes(ctx, c, inputs))
		s.other.phase.Store("long names")
		s.refused("a long name", sendBytes(ctx, c, name))
		s.other.phase.Store("as much as is taken")
		for range s.size(20, 3) {
			s.refused("as much as is taken", sendBytes(ctx, c, takenInputs))
			s.refused("a long name that is taken", sendBytes(ctx, c, takenName))
		}
		s.other.phase.Store("outputs")
		s.refused("an output 8000 times", sendBytes(ctx, c, oneOutputOften(8000)))
	}
	s.other.phase.Store("half-sent requests")
	half := newRawClient(s, s.victim.address)
	for range 30 {
		half.half(half.stream(s.token), 60e6, s.size(1e6, 1e5))
		half.half(half.stream(s.token), 1e6, 9e5)
	}
	s.other.phase.Store("echoes")
	attackEchoes(ctx, s.T, s.victim.address, s.size(1000, 200))
	s.other.phase.Store("silent connections")
	for range s.size(400, 100) {
		if c, err := net.Dial("tcp", s.victim.address); err == nil {
			defer c.Close()
		}
	}
	time.Sleep(time.Duration(s.size(3000, 200)) * time.Millisecond) // they stay
}

// judge checks what the host took and how long another client waited.
func (s *siege) judge(grown int64) {
	o := &s.other
	s.Logf("the slowest request, %v, came during %s", o.slowest, o.during)
	s.Logf("peak memory +%d MB; another client, open connection: p99 %v, max %v of %d; new: p99 %v, max %v of %d",
		grown>>20, quantile(o.open, 0.99), quantile(o.open, 1), len(o.open),
		quantile(o.fresh, 0.99), quantile(o.fresh, 1), len(o.fresh))
	if grown > 512<<20 {
		s.Errorf("the host took %d MB more than after preloading; at most 512", grown>>20)
	}
	if o.failed > 0 {
		s.Errorf("%d requests of another client failed", o.failed)
	}
	select {
	case <-s.victim.ended:
		s.Error("the host died")
	default:
	}
	q := 1.0 // the maximum
	if s.token != "" {
		q = 0.99
	}
	for what, times := range map[string][]time.Duration{"open": o.open, "new": o.fresh} {
		if took := quantile(times, q); s.full && took > 50*time.Millisecond {
			s.Errorf("another client's request over the %s connection took %v; at most 50 ms", what, took)
		}
	}
}

// TestSiege attacks a host that requires a token, without one and with one. With CROSSOVER_SIEGE=1 the
// attacks have their full size, and the times of another client count too.
func TestSiege(t *testing.T) {
	full := os.Getenv("CROSSOVER_SIEGE") != ""
	big := 3e6
	if full {
		big = 60e6
	}
	// Made once: the other client shares this process, and its collector.
	inputs, name := manyInputs(int(big)), longName(int(big))
	for _, token := range []string{"", "secret"} {
		t.Run(cmp.Or(token, "no token"), func(t *testing.T) {
			s := &siege{T: t, victim: newVictim(t), token: token, full: full}
			before := s.victim.peak(t)
			if full { // what this machine does to requests by itself
				var quiet bystander
				quiet.phase.Store("quiet")
				done := make(chan struct{})
				time.AfterFunc(10*time.Second, func() { close(done) })
				quiet.watch(s.victim.address, done)
				t.Logf("without an attack: p99 %v, max %v of %d",
					quantile(quiet.open, 0.99), quantile(quiet.open, 1), len(quiet.open))
			}
			s.other.phase.Store("start")
			done, watched := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(watched)
				s.other.watch(s.victim.address, done)
			}()
			s.attack(inputs, name)
			close(done)
			<-watched
			s.judge(s.victim.peak(t) - before)
		})
	}
}

// attackEchoes sends n requests for the largest echo and resets them.
func attackEchoes(ctx context.Context, t *testing.T, address string, n int) {
	t.Helper()
	client := oip.NewGRPCInferenceServiceClient(dial(t, address))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range n / 20 {
				reset, cancel := context.WithTimeout(ctx, 2*time.Millisecond)
				_, _ = client.ModelInfer(reset, echo())
				cancel()
			}
		})
	}
	wg.Wait()
}
