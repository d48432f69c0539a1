package steps

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cucumber/godog"
	"github.com/cucumber/godog/formatters"
	messages "github.com/cucumber/messages/go/v21"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/exit"
)

// formatName is the name under which godog knows the ledger. godog finds
// formatters by name in a table of the process, so that each run registers
// itself under a name of its suite.
const formatName = "crossover-ledger"

var (
	running sync.Map // suite name -> *ledger
	suites  atomic.Int64
)

func init() {
	godog.Format(formatName, "collects the ledger that verdicts are taken from", func(suite string, _ io.Writer) formatters.Formatter {
		l, _ := running.Load(suite)
		return l.(*ledger)
	})
}

// Run runs the features' scenarios that match the tag expression (all for an
// empty one), in parallel, against the judge's data, and returns the ledger.
// The report's Run, Looks and Took are the caller's to fill in.
func (f *Features) Run(ctx context.Context, judge *accept.Judge, tags string, cores int) (*accept.Report, error) {
	l := &ledger{judge: judge, cores: cores, lines: map[string]map[string]int{}, features: map[string]string{}}
	suite := "crossover-" + strconv.FormatInt(suites.Add(1), 10)
	running.Store(suite, l)
	defer running.Delete(suite)
	godog.TestSuite{
		Name:                suite,
		ScenarioInitializer: l.initialize,
		Options: &godog.Options{
			Format: formatName, Output: io.Discard, NoColors: true, Strict: true,
			Paths: f.files, Tags: tags, Concurrency: runtime.GOMAXPROCS(0), DefaultContext: ctx,
		},
	}.Run()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(l.scenarios) == 0 {
		return nil, exit.Errorf(exit.NoData, "no scenario of %s matches the tags %q: nothing was judged", f.Root, tags)
	}
	slices.SortFunc(l.scenarios, func(a, b *accept.Scenario) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Row, b.Row))
	})
	return &accept.Report{Features: f.Root, Started: time.Now(), Scenarios: l.scenarios}, nil
}

// A ledger notes what happens to every scenario. As godog's formatter it
// learns where sentences stand; from godog's hooks, how each came out.
type ledger struct {
	judge *accept.Judge
	cores int

	mu        sync.Mutex
	lines     map[string]map[string]int // by file, by node
	features  map[string]string         // names, by file
	scenarios []*accept.Scenario
}

// file strips the line that godog appends to a file of which one scenario was
// asked for.
func file(uri string) string {
	if m := lineSuffix.FindStringSubmatch(uri); m != nil {
		return m[1]
	}
	return uri
}

// initialize is called by godog once for each scenario.
func (l *ledger) initialize(sc *godog.ScenarioContext) {
	st := &scenario{judge: l.judge, cores: l.cores, power: accept.Power{Device: "generic", Idle: "idle"}}
	var entry *accept.Scenario
	byID := map[string]*accept.Step{}
	sc.Before(func(ctx context.Context, p *godog.Scenario) (context.Context, error) {
		entry = l.enter(p, byID)
		return ctx, nil
	})
	sc.StepContext().Before(func(ctx context.Context, p *godog.Step) (context.Context, error) {
		st.answer = func(g *accept.Judgement) { byID[p.Id].Judgements = append(byID[p.Id].Judgements, g) }
		return ctx, nil
	})
	sc.StepContext().After(func(ctx context.Context, p *godog.Step, status godog.StepResultStatus, err error) (context.Context, error) {
		s := byID[p.Id]
		s.Ran = status == godog.StepPassed || status == godog.StepFailed
		switch {
		case entry.Wrong() != nil:
			// An earlier sentence is wrong: this one did not run.
		case status == godog.StepUndefined:
			s.Err = fmt.Errorf("%s:%d: no sentence reads %q%s; features/STEPS.md lists them all", entry.File, s.Line, p.Text, suggestion(p.Text))
		case err != nil:
			s.Err = fmt.Errorf("%s:%d: %w", entry.File, s.Line, err)
		case status != godog.StepPassed:
			s.Err = fmt.Errorf("%s:%d: the sentence ended %v", entry.File, s.Line, status)
		}
		return ctx, nil
	})
	for i, s := range Registry {
		sc.Step(compiled[i], handler(st, s, compiled[i].NumSubexp()))
	}
}

// enter puts a scenario into the ledger before its first sentence.
func (l *ledger) enter(p *godog.Scenario, byID map[string]*accept.Step) *accept.Scenario {
	l.mu.Lock()
	defer l.mu.Unlock()
	path := file(p.Uri)
	lines := l.lines[path]
	e := &accept.Scenario{Feature: l.features[path], File: path, Name: p.Name, Line: lines[p.AstNodeIds[0]]}
	if len(p.AstNodeIds) > 1 {
		e.Row = lines[p.AstNodeIds[1]]
	}
	for _, t := range p.Tags {
		e.Tags = append(e.Tags, t.Name)
	}
	for _, s := range p.Steps {
		step := &accept.Step{Keyword: keyword(s.Type), Text: s.Text, Line: lines[s.AstNodeIds[0]]}
		byID[s.Id] = step
		e.Steps = append(e.Steps, step)
	}
	l.scenarios = append(l.scenarios, e)
	return e
}

func keyword(t messages.PickleStepType) string {
	switch t {
	case messages.PickleStepType_CONTEXT:
		return "Given"
	case messages.PickleStepType_ACTION:
		return "When"
	case messages.PickleStepType_OUTCOME:
		return "Then"
	}
	return "*"
}

// handler turns a step's function into one of the arity that godog expects: a
// string for each group of the pattern and, after them, the table.
func handler(st *scenario, s Step, groups int) any {
	var in []reflect.Type
	for range groups {
		in = append(in, reflect.TypeFor[string]())
	}
	if s.Table {
		in = append(in, reflect.TypeFor[*godog.Table]())
	}
	signature := reflect.FuncOf(in, []reflect.Type{reflect.TypeFor[error]()}, false)
	return reflect.MakeFunc(signature, func(values []reflect.Value) []reflect.Value {
		args := make([]string, groups)
		for i := range args {
			args[i] = values[i].String()
		}
		var table *godog.Table
		if s.Table {
			table = values[groups].Interface().(*godog.Table)
		}
		err := s.Do(st, args, table)
		out := reflect.New(reflect.TypeFor[error]()).Elem()
		if err != nil {
			out.Set(reflect.ValueOf(err))
		}
		return []reflect.Value{out}
	}).Interface()
}

// suggestion returns the example that shares the most words with text.
func suggestion(text string) string {
	best, most := "", 2
	for _, s := range Registry {
		n := 0
		for _, w := range strings.Fields(s.Example) {
			if slices.Contains(strings.Fields(text), w) {
				n++
			}
		}
		if n > most {
			best, most = strings.SplitN(s.Example, "\n", 2)[0], n
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean something like " + strconv.Quote(best) + "?"
}

// The ledger is a godog formatter for the sake of Feature, which says where the
// nodes of a document stand.

// Feature notes the lines of a document.
func (l *ledger) Feature(doc *messages.GherkinDocument, uri string, _ []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines[file(uri)] = places(doc)
	l.features[file(uri)] = doc.Feature.Name
}

// TestRunStarted does nothing.
func (l *ledger) TestRunStarted() {}

// Pickle does nothing.
func (l *ledger) Pickle(*messages.Pickle) {}

// Defined does nothing.
func (l *ledger) Defined(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition) {}

// Failed does nothing.
func (l *ledger) Failed(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition, error) {}

// Passed does nothing.
func (l *ledger) Passed(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition) {}

// Skipped does nothing.
func (l *ledger) Skipped(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition) {}

// Undefined does nothing.
func (l *ledger) Undefined(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition) {}

// Pending does nothing.
func (l *ledger) Pending(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition) {}

// Ambiguous does nothing.
func (l *ledger) Ambiguous(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition, error) {
}

// Summary does nothing.
func (l *ledger) Summary() {}
