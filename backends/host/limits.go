package host

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// Limits bound what clients may take of a host, and how long. Zero values mean the defaults. The
// tags make flags of the fields.
type Limits struct {
	BudgetMB  int64 `name:"budget" default:"256" help:"Megabytes that all requests and answers may take."`
	MessageKB int64 `name:"max-message" placeholder:"KB" help:"Kilobytes of a request; by default what models need."`
	Share     int64 `name:"client-share" default:"50" help:"Percent of budget and queues that a client may take."`

	Streams     int `name:"max-streams" default:"128" help:"Requests at a time on a connection."`
	Connections int `name:"max-connections" placeholder:"N" help:"At a time; 1024 if there are descriptors for it."`
	PerAddress  int `name:"max-per-address" default:"64" help:"Connections at a time from an address."`

	Handshake time.Duration `name:"handshake-timeout" default:"10s" help:"Time to set a connection up."`
	Receive   time.Duration `name:"receive-timeout" default:"30s" help:"Time in which a request must be complete."`
	Answer    time.Duration `name:"answer-timeout" default:"30s" help:"Time in which a client must take an answer."`
	Keepalive time.Duration `default:"30s" help:"Ping a connection after this time of silence."`
	Pong      time.Duration `name:"keepalive-timeout" default:"10s" help:"Time to answer a ping."`
	// Age is unlimited by default, because the client counts an answer over a new connection as lost.
	Age time.Duration `name:"max-connection-age" default:"0s" help:"Age of a connection; 0s means unlimited."`

	Drain time.Duration `default:"0s" help:"When told to stop, first say 'not ready' for this time and go on."`
	Grace time.Duration `default:"10s" help:"Then finish accepted requests within this time."`
}

// orDefault returns the limits with defaults for zero values.
func (l Limits) orDefault() Limits {
	l.BudgetMB, l.Share = cmp.Or(l.BudgetMB, 256), cmp.Or(l.Share, 50)
	l.Streams, l.PerAddress = cmp.Or(l.Streams, 128), cmp.Or(l.PerAddress, 64)
	l.Connections = cmp.Or(l.Connections, min(1024, descriptors()/2))
	l.Handshake, l.Receive = cmp.Or(l.Handshake, 10*time.Second), cmp.Or(l.Receive, 30*time.Second)
	l.Answer, l.Keepalive = cmp.Or(l.Answer, 30*time.Second), cmp.Or(l.Keepalive, 30*time.Second)
	l.Pong, l.Grace = cmp.Or(l.Pong, 10*time.Second), cmp.Or(l.Grace, 10*time.Second)
	return l
}

// Check returns an error if a limit is negative or leaves no room for a request.
func (l Limits) Check() error {
	l = l.orDefault()
	for flag, value := range map[string]int64{
		"budget": l.BudgetMB, "client-share": l.Share, "max-streams": int64(l.Streams),
		"max-connections": int64(l.Connections), "max-per-address": int64(l.PerAddress),
		"handshake-timeout": int64(l.Handshake), "receive-timeout": int64(l.Receive), "answer-timeout": int64(l.Answer),
		"keepalive": int64(l.Keepalive), "keepalive-timeout": int64(l.Pong), "grace": int64(l.Grace),
	} {
		if value < 0 {
			return fmt.Errorf("--%s wants more than 0", flag)
		}
	}
	switch {
	case l.MessageKB < 0 || l.Age < 0 || l.Drain < 0:
		return fmt.Errorf("--max-message, --max-connection-age and --drain want 0 or more")
	case l.Share > 100:
		return fmt.Errorf("--client-share wants 1 to 100 percent")
	case l.MessageKB > l.BudgetMB*10*l.Share/2:
		return fmt.Errorf("--max-message is %d KB, but a client's share of the budget is %d KB and must hold two: "+
			"raise --budget", l.MessageKB, l.BudgetMB*10*l.Share)
	}
	return nil
}

// Bounds of one request, whatever the models.
const (
	maxName     = 256       // bytes of a name, a version, an id or a datatype
	maxTensors  = 64        // inputs, outputs or raw contents
	maxParams   = 64        // parameters, those of tensors included
	maxRank     = 32        // dimensions of a tensor
	maxSmall    = 64 << 10  // bytes of a request other than ModelInfer
	maxHeader   = 16 << 10  // bytes of a request's metadata
	maxStatus   = 1 << 10   // bytes of an error's message
	maxParallel = 4         // echoes that run at a time
	slack       = 64 << 10  // bytes of a request beside its tensors
	maxMessage  = 512 << 20 // bytes that --max-message derives from the models at most
)

// elementOnWire is the most bytes that an element takes as a typed one: a negative int32 is a varint
// of ten.
const elementOnWire = 10

// sizes returns how many bytes the largest request for one of the models has, and the most elements
// in it. The echo of a link survey counts.
func (l Limits) sizes(models []Served) (message, elements int) {
	for _, m := range models {
		n := m.elements()
		elements = max(elements, n)
	}
	message = min(max(elements*elementOnWire, oip.EchoLimit)+slack, maxMessage)
	if l.MessageKB > 0 {
		message = int(min(l.MessageKB, math.MaxInt32/1000)) * 1000
	}
	return message, max(elements, message/elementOnWire)
}

// elements returns the number of elements of a model's inputs, as the catalog or the file tells it;
// 0 if neither does, as of a broken file.
func (m Served) elements() int {
	if m.Fault != "" {
		return 0
	}
	inputs := m.Variant.Inputs // of a user's own file, as chosen
	switch {
	case inputs == nil && m.Variant.Image != nil:
		inputs = append(inputs, m.Variant.Image.Tensor())
	case inputs == nil:
		inputs, _ = fixtures.ReadInputs(m.Variant.Path)
	}
	total := 0
	for _, t := range inputs {
		t.Type = "uint8" // so that a byte is an element
		n, err := backends.TensorBytes(t)
		if err != nil || n > maxMessage-total {
			return 0
		}
		total += n
	}
	return total
}
