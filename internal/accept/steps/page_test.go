package steps

import (
	"context"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/cucumber/godog"
)

var update = flag.Bool("update", false, "write features/STEPS.md again")

func TestPageOfSentencesIsUpToDate(t *testing.T) {
	const file = "../../../features/STEPS.md"
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
		t.Errorf("%s is out of date; go test ./internal/accept/steps -run PageOfSentences -update", file)
	}
}

// An example that two sentences match would make godog refuse it, and one that
// none matches would mislead.
func TestRegistryReadsEachExampleByOneSentence(t *testing.T) {
	for i, s := range Registry {
		text, _, _ := strings.Cut(s.Example, "\n")
		_, text, _ = strings.Cut(text, " ") // the keyword
		for k := range Registry {
			if matches := compiled[k].MatchString(text); matches != (k == i) {
				t.Errorf("%q: sentence %q matches: %v", text, Registry[k].Form, matches)
			}
		}
		takesTable := strings.HasSuffix(s.Form, ":")
		if strings.Contains(s.Example, "\n") != takesTable {
			t.Errorf("%q: its example shows a table: %v", s.Form, !takesTable)
		}
	}
}

// godog finds a wrong signature only when it reads the sentence.
func TestRegistryFunctionsTakeWhatTheirSentencesSay(t *testing.T) {
	for i, s := range Registry {
		in := []reflect.Type{reflect.TypeFor[context.Context]()}
		for range compiled[i].NumSubexp() {
			in = append(in, reflect.TypeFor[string]())
		}
		if strings.HasSuffix(s.Form, ":") {
			in = append(in, reflect.TypeFor[*godog.Table]())
		}
		want := reflect.FuncOf(in, []reflect.Type{reflect.TypeFor[error]()}, false)
		if got := reflect.TypeOf(s.Read); got != want {
			t.Errorf("%q is read by %v, want %v", s.Form, got, want)
		}
	}
}
