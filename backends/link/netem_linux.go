package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/crossover-bench/crossover/model"
)

// A netem is a link that the kernel emulates: a pair of virtual Ethernet devices, one end in its
// own network namespace, with TBF for the rate and netem for the rest on both ends. Connections go
// through it to a relay that listens in the namespace and forwards the bytes to the host from this
// one. As on a real link, the rate includes Ethernet, IP and TCP headers.
type netem struct {
	shape   Shape
	there   netns.NsHandle
	name    string // of the device at this end
	address [2]net.IP

	open context.Context // until close
	stop context.CancelFunc

	mu     sync.Mutex
	relays map[string]net.Listener // by the host's address
}

// burst is how many bytes TBF lets through at once: one full packet.
const burst = 1600

// kernelLinks counts the links of this process, for their names and addresses.
var kernelLinks atomic.Uint32

// newNetem builds the link; the caller closes it. The error says what the kernel or the user lacks.
func newNetem(s Shape) (_ *netem, err error) {
	if s.Jitter.Mean != 0 && s.Jitter.Distribution != model.Uniform {
		return nil, fmt.Errorf("netem has no %s jitter; want %s", s.Jitter.Distribution, model.Uniform)
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("network namespaces and queues need root")
	}
	number := kernelLinks.Add(1)
	n := &netem{
		shape: s, there: netns.None(), name: fmt.Sprintf("xo%x-%x", os.Getpid(), number),
		relays: make(map[string]net.Listener),
	}
	n.open, n.stop = context.WithCancel(context.Background())
	// 198.18.0.0/15 is reserved for tests of network devices (RFC 2544). Each link takes a block of
	// four addresses.
	block := (uint32(os.Getpid())*16 + number) % (1 << 15) * 4
	for i := range n.address {
		a := 198<<24 | 18<<16 + block + uint32(i) + 1
		n.address[i] = net.IPv4(byte(a>>24), byte(a>>16), byte(a>>8), byte(a))
	}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	if err := inNamespace(netns.None(), func(ns netns.NsHandle) error { n.there = ns; return nil }); err != nil {
		return nil, fmt.Errorf("namespace: %w", err)
	}
	peer := n.name + "p"
	pair := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: n.name}, PeerName: peer, PeerNamespace: netlink.NsFd(n.there),
	}
	if err := netlink.LinkAdd(pair); err != nil {
		return nil, fmt.Errorf("virtual Ethernet: %w", err)
	}
	here, err := netlink.NewHandle()
	if err != nil {
		return nil, err
	}
	defer here.Close()
	there, err := netlink.NewHandleAt(n.there)
	if err != nil {
		return nil, err
	}
	defer there.Close()
	if err := n.raise(here, n.name, n.address[0], s.Up); err != nil {
		return nil, err
	}
	if err := n.raise(there, peer, n.address[1], s.Down); err != nil {
		return nil, err
	}
	return n, nil
}

// raise gives a device its address and queues and brings it up.
func (n *netem) raise(h *netlink.Handle, name string, ip net.IP, rate float64) error {
	l, err := h.LinkByName(name)
	if err != nil {
		return err
	}
	if err := h.AddrAdd(l, &netlink.Addr{IPNet: &net.IPNet{IP: ip, Mask: net.CIDRMask(30, 32)}}); err != nil {
		return fmt.Errorf("address of %s: %w", name, err)
	}
	if err := h.LinkSetUp(l); err != nil {
		return fmt.Errorf("raising %s: %w", name, err)
	}
	for _, q := range queues(n.shape, rate, l.Attrs().Index) {
		if err := h.QdiscAdd(q); errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("this kernel has no %s queue (module sch_%s)", q.Type(), q.Type())
		} else if err != nil {
			return fmt.Errorf("%s on %s: %w", q.Type(), name, err)
		}
	}
	return nil
}

// queues returns the queues that shape one direction: TBF at the root if there is a rate, and netem
// below it, or alone, if there is anything else.
func queues(s Shape, rate float64, device int) []netlink.Qdisc {
	var out []netlink.Qdisc
	parent := uint32(netlink.HANDLE_ROOT)
	if rate > 0 {
		out = append(out, &netlink.Tbf{
			QdiscAttrs: netlink.QdiscAttrs{LinkIndex: device, Handle: netlink.MakeHandle(1, 0), Parent: parent},
			Rate:       uint64(rate), Limit: inFlight, Buffer: netlink.Xmittime(uint64(rate), burst),
		})
		parent = netlink.MakeHandle(1, 1)
	}
	if s.Latency > 0 || s.Jitter.Mean > 0 || s.Loss.Probability > 0 {
		out = append(out, netlink.NewNetem(
			netlink.QdiscAttrs{LinkIndex: device, Handle: netlink.MakeHandle(2, 0), Parent: parent},
			netlink.NetemQdiscAttrs{
				// netem draws uniformly from latency - jitter to latency + jitter.
				Latency: uint32((s.Latency + s.Jitter.Mean).Microseconds()), Jitter: uint32(s.Jitter.Mean.Microseconds()),
				Loss: float32(100 * s.Loss.Probability), Limit: 10000,
			},
		))
	}
	return out
}

// inNamespace runs f on a thread in the namespace ns, or in a new one if ns is none.
func inNamespace(ns netns.NsHandle, f func(ns netns.NsHandle) error) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	if ns.IsOpen() {
		err = netns.Set(ns)
	} else {
		ns, err = netns.New()
	}
	if err == nil {
		err = f(ns)
	}
	if back := netns.Set(home); back != nil {
		return errors.Join(err, back) // the thread stays locked and ends with the goroutine
	}
	runtime.UnlockOSThread()
	return err
}

// dial connects to addr through the emulated link.
func (n *netem) dial(ctx context.Context, addr string) (net.Conn, error) {
	l, err := n.relay(addr)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", l.Addr().String())
}

// relay returns the listener in the namespace that forwards to addr.
func (n *netem) relay(addr string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open.Err() != nil {
		return nil, net.ErrClosed
	}
	if l := n.relays[addr]; l != nil {
		return l, nil
	}
	var l net.Listener
	err := inNamespace(n.there, func(netns.NsHandle) (err error) {
		l, err = net.Listen("tcp", net.JoinHostPort(n.address[1].String(), "0"))
		return err
	})
	if err != nil {
		return nil, err
	}
	n.relays[addr] = l
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go n.pass(c, addr)
		}
	}()
	return l, nil
}

// pass forwards the bytes of one connection both ways until an end or the link closes.
func (n *netem) pass(c net.Conn, addr string) {
	defer c.Close()
	h, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return // the client sees the connection close
	}
	defer h.Close()
	keep := context.AfterFunc(n.open, func() {
		c.Close()
		h.Close()
	})
	defer keep()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{c, h}, {h, c}} {
		go func() {
			_, _ = io.Copy(way[0], way[1]) // both ends see a failure
			_ = closeWrite(way[0])
			done <- struct{}{}
		}()
	}
	<-done
	<-done
}

func (n *netem) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stop()
	for _, l := range n.relays {
		l.Close()
	}
	if l, err := netlink.LinkByName(n.name); err == nil {
		_ = netlink.LinkDel(l) // its peer goes with it, or with the namespace
	}
	if n.there.IsOpen() {
		n.there.Close()
	}
}
