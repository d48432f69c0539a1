package offload_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
)

// certificate returns a self-signed certificate for "lab" and its PEM file.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"lab"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

func TestDialReachesAGuardedHostOnlyWithTLSAndToken(t *testing.T) {
	v := variant(t)
	pair, ca := certificate(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	address, _ := serve(t, "127.0.0.1:0", host.Options{
		Models: host.Serve(v), Token: "secret",
		TLS: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
	})
	good := offload.Host{
		Name: "lab", Address: address, TLS: &offload.TLS{CA: ca, ServerName: "lab"}, TokenFile: token,
		Timeout: 2 * time.Second,
	}
	want, _ := infer(t, local(), v, image(v))
	near := link.Shape{Name: "near", Latency: time.Millisecond}
	if got, _ := infer(t, offload.New(good, near), v, image(v)); !bytes.Equal(got, want) {
		t.Errorf("scores %x, local %x", got, want)
	}
	for what, change := range map[string]func(*offload.Host){
		"without TLS":        func(h *offload.Host) { h.TLS = nil },
		"without the token":  func(h *offload.Host) { h.TokenFile = "" },
		"under another name": func(h *offload.Host) { h.TLS = &offload.TLS{CA: ca, ServerName: "other"} },
		"without its CA":     func(h *offload.Host) { h.TLS = &offload.TLS{ServerName: "lab"} },
		"with a lost CA":     func(h *offload.Host) { h.TLS = &offload.TLS{CA: "nowhere"} },
		"with a lost token":  func(h *offload.Host) { h.TokenFile = "nowhere" },
	} {
		h := good
		h.Timeout = 300 * time.Millisecond
		change(&h)
		if s, err := offload.New(h, link.Shape{}).Open(context.Background(), v); err == nil {
			s.Close()
			t.Errorf("%s: the host was reached", what)
		}
	}
}
