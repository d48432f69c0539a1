package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

func tokenFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTokensAreReadByLine(t *testing.T) {
	got, err := readTokens(tokenFile(t, "# labs\n\nboard-1 alpha\n  board-2   beta  \ngamma\n"))
	want := map[string]string{"alpha": "board-1", "beta": "board-2", "gamma": "token"}
	if err != nil || len(got) != len(want) {
		t.Fatalf("tokens %v, %v", got, err)
	}
	for token, name := range want {
		if got[token] != name {
			t.Errorf("token %s is of %q, want %q", token, got[token], name)
		}
	}
	for content, want := range map[string]string{
		"": "is empty", "# none\n": "is empty", "a b c\n": ":1: 3 words", "a x\nb x\n": ":2: the token of a comes twice",
		strings.Repeat("x", 300): "at most 256",
	} {
		if _, err := readTokens(tokenFile(t, content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v; want %q", content, err, want)
		}
	}
}

func TestOneClientLeavesRoomInTheQueueForAnother(t *testing.T) {
	release := make(chan struct{})
	b := backendtest.New("cpu1", func(fixtures.Variant, int) (backends.Timing, error) {
		<-release
		return backends.Timing{}, nil
	})
	s, address := serve(t, Options{
		Models: folder(t, "a"), Backend: b, Queue: 8, Preload: true,
		Files: CredentialFiles{Tokens: tokenFile(t, "one 1\ntwo 2\n")},
	})
	c := oip.NewGRPCInferenceServiceClient(dial(t, address))
	infer := func(token string) error {
		ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+token)
		_, err := c.ModelInfer(ctx, request("a"))
		return err
	}
	var wg sync.WaitGroup
	rejected := make(chan error, 20)
	for range cap(rejected) {
		wg.Go(func() {
			if err := infer("1"); err != nil {
				rejected <- err
			}
		})
	}
	// One runs and four wait: half of the queue.
	until(t, "15 are refused", func() bool { return len(rejected) == 15 })
	wg.Go(func() {
		if err := infer("2"); err != nil {
			t.Errorf("the other client: %v", err)
		}
	})
	until(t, "the other client waits", func() bool { return s.accepted.Load() == 6 })
	if n := refused(s, byShare); n != 15 {
		t.Errorf("%d requests beyond the share are counted, want 15", n)
	}
	close(release)
	wg.Wait()
	close(rejected)
	for err := range rejected {
		if status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), "its share of the queue") {
			t.Errorf("refused with %v", err)
		}
	}
}
