package host

import (
	"crypto/tls"
	"fmt"
	"os"
	"strings"
)

// ReadTLS reads a certificate chain and its key, two PEM files, for Options.TLS. Without a
// certificate it returns nil.
func ReadTLS(certificate, key string) (*tls.Config, error) {
	if certificate == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// ReadToken reads Options.Token from a file, which must not be empty. Without a file it returns an
// empty token.
func ReadToken(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", fmt.Errorf("%s is empty", file)
	}
	return token, nil
}
