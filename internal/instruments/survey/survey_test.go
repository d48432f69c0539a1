package survey

import (
	"context"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/model/profiles"
)

// serve returns the address of a host without models of its own.
func serve(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := host.New(ctx, host.Options{Backend: backendtest.New("cpu1", nil)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func TestSurveyFindsTheDeclaredLink(t *testing.T) {
	shape := link.Shape{Name: "there", Latency: 10 * time.Millisecond, Up: 4e6, Down: 8e6}
	conn, err := offload.Dial(offload.Host{Name: "lab", Address: serve(t)}, &link.Dialer{Shape: shape})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s, err := measure(context.Background(), conn, Options{
		RoundTrips: 10, Transfers: 3, Long: 30 * time.Millisecond, Pause: time.Millisecond, AfterPause: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Link("found", "this test")
	if err != nil {
		t.Fatal(err)
	}
	// The emulated link is never faster than declared. How much slower it appears
	// depends on the load of the machine.
	if got := time.Duration(math.Round(float64(l.OneWay) * 1e9)); got < shape.Latency || got > 3*shape.Latency {
		t.Errorf("latency %v, the link's is %v", got, shape.Latency)
	}
	if s.Up < shape.Up/4 || s.Up > shape.Up*1.5 || s.Down < shape.Down/4 || s.Down > shape.Down*1.5 {
		t.Errorf("rates %.3g up and %.3g down, the link's are %.3g and %.3g", s.Up, s.Down, shape.Up, shape.Down)
	}
	if s.RoundTrip.N != 10 || s.AfterPause.N != 3 || s.AfterPause.Min < 2*shape.Latency.Seconds() ||
		s.Burst.Min < s.RoundTrip.Min {
		t.Errorf("survey %+v", s)
	}
	var yaml strings.Builder
	if err := profiles.WriteLink(&yaml, l); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(yaml.String(), "name: found") || !strings.Contains(yaml.String(), "jitter:") {
		t.Errorf("profile:\n%s", yaml.String())
	}
}

func TestPathOverLoopbackIsNotWiFi(t *testing.T) {
	p, err := PathTo("127.0.0.1:8001")
	if err != nil {
		t.Fatal(err)
	}
	if p.Interface != "lo" || p.Wireless != nil {
		t.Errorf("path %+v", p)
	}
	if v := p.TCP["tcp_slow_start_after_idle"]; v != "0" && v != "1" {
		t.Errorf("TCP settings %v", p.TCP)
	}
}

func TestPathWarnsOfPowerSaveAndSlowStart(t *testing.T) {
	p := Path{
		Interface: "wlan0", Wireless: &Wireless{PowerSave: "on"},
		TCP: map[string]string{"tcp_slow_start_after_idle": "1"},
	}
	w := p.Warnings()
	if len(w) != 2 || w[0].Fix != "iw dev wlan0 set power_save off" ||
		!strings.Contains(w[1].Fix, "slow_start_after_idle=0") {
		t.Errorf("warnings %v", w)
	}
	want := "warning: Wi-Fi power save is on at wlan0: answers wait for the radio to wake; fix: " + w[0].Fix + "\n"
	if got := (Survey{Path: p}).Report(); !strings.Contains(got, want) {
		t.Error(got)
	}
	p.Wireless.PowerSave, p.TCP["tcp_slow_start_after_idle"] = "off", "0"
	if w := p.Warnings(); len(w) != 0 {
		t.Errorf("warnings without a reason: %v", w)
	}
}

func TestChannelOfEachBand(t *testing.T) {
	for mhz, want := range map[int]int{2412: 1, 2472: 13, 2484: 14, 5180: 36, 5825: 165, 5955: 1, 900: 0} {
		if got := channel(mhz); got != want {
			t.Errorf("%d MHz is channel %d, want %d", mhz, got, want)
		}
	}
}
