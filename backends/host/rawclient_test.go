package host

import (
	"bytes"
	"encoding/binary"
	"net"
	"sync"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A rawClient speaks HTTP/2 itself, to send what grpc does not.
type rawClient struct {
	conn   net.Conn
	framer *http2.Framer
	mu     sync.Mutex // of writing
	next   uint32
	block  bytes.Buffer
	hpack  *hpack.Encoder

	statuses chan string // grpc-status of streams as they end
}

func newRawClient(t testing.TB, address string, settings ...http2.Setting) *rawClient {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &rawClient{conn: conn, framer: http2.NewFramer(conn, conn), next: 1, statuses: make(chan string, 4096)}
	c.hpack = hpack.NewEncoder(&c.block)
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
		t.Fatal(err)
	}
	if err := c.framer.WriteSettings(settings...); err != nil {
		t.Fatal(err)
	}
	go c.read()
	return c
}

// read acknowledges settings and notes how streams end, until the connection does.
func (c *rawClient) read() {
	defer close(c.statuses)
	for {
		f, err := c.framer.ReadFrame()
		if err != nil {
			return
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				c.mu.Lock()
				_ = c.framer.WriteSettingsAck()
				c.mu.Unlock()
			}
		case *http2.MetaHeadersFrame:
			for _, h := range f.Fields {
				if h.Name == "grpc-status" {
					c.statuses <- h.Value
				}
			}
		}
	}
}

// stream begins a request for ModelInfer and returns its number.
func (c *rawClient) stream(token string) uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.block.Reset()
	fields := [][2]string{
		{":method", "POST"},
		{":scheme", "http"},
		{":path", inferMethod},
		{":authority", "x"},
		{"content-type", "application/grpc"},
		{"te", "trailers"},
	}
	if token != "" {
		fields = append(fields, [2]string{"authorization", "Bearer " + token})
	}
	for _, f := range fields {
		_ = c.hpack.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	id := c.next
	c.next += 2
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.block.Bytes(), EndHeaders: true})
	return id
}

// half sends the first bytes of a message of size n.
func (c *rawClient) half(id uint32, n, bytes int) {
	data := make([]byte, 5+bytes)
	binary.BigEndian.PutUint32(data[1:], uint32(n))
	for len(data) > 0 {
		part := data[:min(len(data), 16<<10)]
		c.mu.Lock()
		err := c.framer.WriteData(id, false, part)
		c.mu.Unlock()
		if err != nil {
			return
		}
		data = data[len(part):]
	}
}
