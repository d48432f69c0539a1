package main

import (
	"strings"
	"testing"
)

func TestServeRepliesWithErrorsAndGoesOn(t *testing.T) {
	requests := `{"run": 3}
{"open": "/nowhere/model.tflite", "threads": 1}
{"run": 0}
`
	var out strings.Builder
	if err := serve(t.Context(), strings.NewReader(requests), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := []string{"nothing is open", "/nowhere/model.tflite: no such file", "nothing is open"}
	if len(lines) != len(want) {
		t.Fatalf("%d replies; want %d: %q", len(lines), len(want), lines)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], `{"error":`) || !strings.Contains(lines[i], want[i]) {
			t.Errorf("reply %d is %s; want an error with %q", i, lines[i], want[i])
		}
	}
}

func TestServeEndsAtARequestThatIsNotJSON(t *testing.T) {
	if err := serve(t.Context(), strings.NewReader("run 3\n"), &strings.Builder{}); err == nil {
		t.Error("it was accepted")
	}
}
