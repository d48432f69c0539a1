package steps

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write features/STEPS.md anew")

func TestPageOfStepsIsUpToDate(t *testing.T) {
	const file = "../../features/STEPS.md"
	if *update {
		if err := os.WriteFile(file, []byte(Page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != Page() {
		t.Errorf("%s is out of date; go test ./suites/steps -run TestPageOfStepsIsUpToDate -update", file)
	}
}

// An example that two sentences match would make godog refuse it, and one that
// none matches would mislead.
func TestEveryExampleIsReadByItsOwnSentenceAlone(t *testing.T) {
	for i, s := range Registry {
		text := strings.SplitN(s.Example, "\n", 2)[0]
		_, text, _ = strings.Cut(text, " ") // the keyword
		for k := range Registry {
			if matches := compiled[k].MatchString(text); matches != (k == i) {
				t.Errorf("%q: sentence %q matches: %v", text, Registry[k].Form, matches)
			}
		}
		if strings.Contains(s.Example, "\n") != s.Table {
			t.Errorf("%q: its example shows a table: %v", s.Form, !s.Table)
		}
	}
}
