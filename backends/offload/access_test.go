package offload_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
)

// An authority issues certificates.
type authority struct {
	dir, name string
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, dir, name string) *authority {
	t.Helper()
	a := &authority{dir: dir, name: name}
	a.issue(t, name, time.Hour, a)
	return a
}

// file returns the path of a PEM file of the authority.
func (a *authority) file(name string) string { return filepath.Join(a.dir, a.name+"-"+name+".pem") }

// issue writes the files NAME and NAME-key: a certificate for "lab" that is valid for a time from now. An
// authority issues its own with self.
func (a *authority) issue(t *testing.T, name string, valid time.Duration, self *authority) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{"lab"}, IsCA: self != nil,
		Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(valid),
	}
	if self != nil {
		self.cert, self.key = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	put(t, a.file(name), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	put(t, a.file(name+"-key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
}

// put writes a file as an editor does: a new one takes the place of the old.
func put(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// A logBuffer takes a log.
type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// An accessLab has two authorities, of which hosts and clients trust good, and a file of tokens.
type accessLab struct {
	t           *testing.T
	dir, tokens string
	good, other *authority
	variant     fixtures.Variant
	log         logBuffer
}

func newAccessLab(t *testing.T) *accessLab {
	t.Helper()
	l := &accessLab{t: t, dir: t.TempDir(), variant: variant(t)}
	l.good, l.other = newAuthority(t, l.dir, "good"), newAuthority(t, l.dir, "other")
	for _, a := range []*authority{l.good, l.other} {
		a.issue(t, "valid", time.Hour, nil)
		a.issue(t, "expired", -time.Hour, nil)
	}
	l.tokens = filepath.Join(l.dir, "tokens")
	put(t, l.tokens, "# who may\nboard-1 alpha\nboard-2 beta\n")
	for name, content := range map[string]string{"alpha": "alpha", "beta": "beta\n", "gamma": "gamma", "wrong": "wrong"} {
		put(t, filepath.Join(l.dir, name), content)
	}
	return l
}

// files are the credentials of a host with a certificate of good.
func (l *accessLab) files(certificate string, mutual, token bool) host.CredentialFiles {
	f := host.CredentialFiles{Certificate: l.good.file(certificate), Key: l.good.file(certificate + "-key")}
	if mutual {
		f.ClientCA = l.good.file("good")
	}
	if token {
		f.Tokens = l.tokens
	}
	return f
}

// serve starts a host and returns its address.
func (l *accessLab) serve(f host.CredentialFiles) string {
	l.t.Helper()
	address, _ := serve(l.t, "127.0.0.1:0", host.Options{
		Models: host.Serve(l.variant), Files: f, Log: slog.New(slog.NewTextHandler(&l.log, nil)),
	})
	return address
}

// client returns the TLS of a client that trusts good, with a certificate of an authority, or without.
func (l *accessLab) client(a *authority, certificate string) *offload.TLS {
	c := &offload.TLS{CA: l.good.file("good"), ServerName: "lab"}
	if a != nil {
		c.Certificate, c.Key = a.file(certificate), a.file(certificate+"-key")
	}
	return c
}

// reaches reports whether a client with that token's file reaches a host.
func (l *accessLab) reaches(address string, tls *offload.TLS, token string) bool {
	h := offload.Host{Name: "lab", Address: address, TLS: tls, Timeout: 300 * time.Millisecond}
	if token != "" {
		h.TokenFile = filepath.Join(l.dir, token)
	}
	s, err := offload.New(h, link.Shape{}).Open(context.Background(), l.variant)
	if err == nil {
		s.Close()
	}
	return err == nil
}

func TestAccessMatrix(t *testing.T) {
	l := newAccessLab(t)
	expired, mutual := l.serve(l.files("expired", false, false)), l.serve(l.files("valid", true, false))
	token, both := l.serve(l.files("valid", false, true)), l.serve(l.files("valid", true, true))
	plain := l.serve(host.CredentialFiles{Tokens: l.tokens})
	wrongCA := &offload.TLS{CA: l.other.file("other"), ServerName: "lab"}
	for name, test := range map[string]struct {
		address string
		tls     *offload.TLS
		token   string
		want    bool
	}{
		"server expired":               {expired, l.client(nil, ""), "", false},
		"server of a wrong CA":         {token, wrongCA, "alpha", false},
		"plain text to TLS":            {token, nil, "alpha", false},
		"TLS to plain text":            {plain, l.client(nil, ""), "alpha", false},
		"no client certificate":        {mutual, l.client(nil, ""), "", false},
		"client certificate":           {mutual, l.client(l.good, "valid"), "", true},
		"client certificate, wrong CA": {mutual, l.client(l.other, "valid"), "", false},
		"client certificate, expired":  {mutual, l.client(l.good, "expired"), "", false},
		"token of board 1":             {token, l.client(nil, ""), "alpha", true},
		"token of board 2":             {token, l.client(nil, ""), "beta", true},
		"wrong token":                  {token, l.client(nil, ""), "wrong", false},
		"no token":                     {token, l.client(nil, ""), "", false},
		"token over plain loopback":    {plain, nil, "alpha", true},
		"both":                         {both, l.client(l.good, "valid"), "beta", true},
		"both, without token":          {both, l.client(l.good, "valid"), "", false},
		"both, without certificate":    {both, l.client(nil, ""), "beta", false},
	} {
		if test.want { // the machine may be busy
			eventually(t, name, func() bool { return l.reaches(test.address, test.tls, test.token) })
		} else if l.reaches(test.address, test.tls, test.token) {
			t.Errorf("%s: the host was reached", name)
		}
	}
}

func TestCredentialsAreReadAgainWhenTheyChange(t *testing.T) {
	l := newAccessLab(t)
	address := l.serve(l.files("valid", false, true))
	reaches := func(token string) func() bool {
		return func() bool { return l.reaches(address, l.client(nil, ""), token) }
	}
	eventually(t, "the first token is valid", reaches("alpha"))
	put(t, l.tokens, "board-1 gamma\n")
	eventually(t, "a rotated token is valid", reaches("gamma"))
	if reaches("alpha")() {
		t.Error("the token before the rotation is still valid")
	}
	put(t, l.tokens, "too many words here\n")
	put(t, l.good.file("valid"), "no certificate")
	eventually(t, "the host sees the invalid files", func() bool {
		return strings.Contains(l.log.String(), "credentials not read again")
	})
	eventually(t, "the old credentials stay", reaches("gamma"))
	put(t, l.tokens, "board-1 gamma\n")
	l.good.issue(t, "valid", -time.Hour, nil)
	eventually(t, "an expired certificate is served", func() bool { return !reaches("gamma")() })
}

func TestDialSendsNoTokenInClearTextBeyondLoopback(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	put(t, token, "secret")
	for address, allowed := range map[string]bool{
		"127.0.0.1:8001": true, "localhost:8001": true, "[::1]:8001": true, "192.0.2.7:8001": false, "lab:8001": false,
	} {
		conn, err := offload.Dial(offload.Host{Name: "lab", Address: address, TokenFile: token}, &link.Dialer{})
		if err == nil {
			conn.Close()
		}
		if (err == nil) != allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
}
