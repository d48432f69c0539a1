package host

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"
)

// CredentialFiles are the files by which a host proves who it is and knows who may use it. Each is
// read again when it changes. A file that is then invalid changes nothing.
type CredentialFiles struct {
	Certificate string // chain (PEM) to serve over TLS; empty serves without
	Key         string // of the certificate (PEM)
	ClientCA    string // authorities (PEM) of client certificates, which are then required
	// Tokens has one token a line, after the name of its client and a blank. A file with one token
	// alone is allowed. Empty requires no token.
	Tokens string
}

// An access is what the credentials are now.
type access struct {
	tls    *tls.Config // nil without TLS
	tokens map[[sha256.Size]byte]*client
}

// read reads the files. Clients keep what they hold of the budget: old has those of the same name.
func (f CredentialFiles) read(named func(string) *client) (*access, error) {
	a := new(access)
	var err error
	if a.tls, err = f.readTLS(); err != nil {
		return nil, err
	}
	if f.Tokens == "" {
		return a, nil
	}
	tokens, err := readTokens(f.Tokens)
	if err != nil {
		return nil, fmt.Errorf("--token-file: %w", err)
	}
	a.tokens = make(map[[sha256.Size]byte]*client, len(tokens))
	for token, name := range tokens {
		a.tokens[sha256.Sum256([]byte(token))] = named(name)
	}
	return a, nil
}

func (f CredentialFiles) readTLS() (*tls.Config, error) {
	if f.Certificate == "" {
		if f.ClientCA != "" {
			return nil, errors.New("--client-ca: client certificates need TLS; add --tls-cert and --tls-key")
		}
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}
	if f.ClientCA != "" {
		pem, err := os.ReadFile(f.ClientCA)
		if err != nil {
			return nil, fmt.Errorf("--client-ca: %w", err)
		}
		c.ClientCAs = x509.NewCertPool()
		if !c.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--client-ca: %s holds no certificate", f.ClientCA)
		}
		c.ClientAuth = tls.RequireAndVerifyClientCert
		c.SessionTicketsDisabled = true // a resumed session would skip a changed authority
	}
	return c, nil
}

// readTokens returns the names of the clients by their tokens.
func readTokens(file string) (map[string]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	tokens := make(map[string]string)
	for i, line := range strings.Split(string(data), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		name, token := "token", fields[0]
		if len(fields) > 1 {
			name, token = fields[0], fields[1]
		}
		switch {
		case len(fields) > 2:
			return nil, fmt.Errorf("%s:%d: %d words; want the client's name and its token", file, i+1, len(fields))
		case len(token) > maxName:
			return nil, fmt.Errorf("%s:%d: the token has %d bytes; at most %d", file, i+1, len(token), maxName)
		case tokens[token] != "":
			return nil, fmt.Errorf("%s:%d: the token of %s comes twice", file, i+1, tokens[token])
		}
		tokens[token] = name
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("%s is empty; write a token into it, or NAME TOKEN on each line", file)
	}
	return tokens, nil
}

// stamp identifies the content of the files without reading them.
func (f CredentialFiles) stamp() string {
	var out strings.Builder
	for _, file := range []string{f.Certificate, f.Key, f.ClientCA, f.Tokens} {
		if info, err := os.Stat(file); err == nil {
			fmt.Fprint(&out, info.Size(), info.ModTime().UnixNano(), " ")
		} else {
			fmt.Fprint(&out, "- ")
		}
	}
	return out.String()
}

// watchCredentials reads the files again when they change, until ctx ends.
func (s *Server) watchCredentials(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for last := s.stamp; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if now := s.options.Files.stamp(); now != last {
				last = now
				s.reload()
			}
		}
	}
}

// reload reads the credentials again, and keeps the old ones if that fails.
func (s *Server) reload() {
	a, err := s.options.Files.read(s.clientNamed)
	if err != nil {
		s.log.Error("credentials not read again; the old ones stay", "error", err)
		return
	}
	s.access.Store(a)
	s.log.Info("credentials read again", slog.Int("tokens", len(a.tokens)))
}

// programmatic returns the access that options without files describe.
func programmatic(o Options, named func(string) *client) *access {
	a := new(access)
	if o.TLS != nil {
		a.tls = o.TLS.Clone()
		a.tls.NextProtos = []string{"h2"}
	}
	if o.Token != "" {
		a.tokens = map[[sha256.Size]byte]*client{sha256.Sum256([]byte(o.Token)): named("token")}
	}
	return a
}

// Exposed returns why the host must not listen on an address, nil if it may: beyond this machine it
// needs TLS and credentials.
func (s *Server) Exposed(address net.Addr) error {
	if a, ok := address.(*net.TCPAddr); !ok || a.IP.IsLoopback() {
		return nil
	}
	a := s.access.Load()
	guarded := len(a.tokens) > 0 || s.mutual
	switch {
	case a.tls == nil && len(a.tokens) > 0:
		return errors.New("clients would send their tokens in clear text: " +
			"give the host a certificate (--tls-cert, --tls-key) or listen on 127.0.0.1")
	case (a.tls == nil || !guarded) && !s.options.Insecure:
		return errors.New("anyone who reaches the address could run inferences and read the models' names: " +
			"use TLS with tokens or client certificates, listen on 127.0.0.1, or say --insecure")
	}
	return nil
}

// Check returns an error if the files cannot be read or do not fit together.
func (f CredentialFiles) Check() error {
	_, err := f.read(func(string) *client { return nil })
	return err
}
