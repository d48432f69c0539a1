package steps

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	gherkin "github.com/cucumber/gherkin/go/v26"
	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"

	"github.com/crossover-bench/crossover/features"
	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
)

// Read reads the scenarios of root that match a tag expression, all if it is empty. root is a
// folder with .feature files, one such file, or one scenario as FILE:LINE; what is not on disk is
// looked for among the features that are built in, such as "features/quick" or "quick".
//
// Nothing to read is an error of exit.NoData, a file that does not parse one of exit.Usage. What is
// wrong with a sentence is the Err of its step.
func Read(root, tags string, v Vocabulary) (*accept.Features, error) {
	fsys, paths, err := find(root)
	if err != nil {
		return nil, err
	}
	g := godog.TestSuite{Options: &godog.Options{
		FS: fsys, Paths: paths, Tags: tags, Strict: true, Format: "progress", Output: io.Discard, NoColors: true,
	}}
	documents, err := g.RetrieveFeatures()
	if err != nil {
		return nil, exit.Errorf(exit.NoData, "read features: %w", err)
	}
	out := &accept.Features{Root: root}
	readings := map[string]*reading{} // by the pickle's ID, which parsing again does not change
	for _, d := range documents {
		for _, p := range d.Pickles {
			s := &accept.Scenario{Feature: d.Feature.Name, Name: p.Name}
			s.File, _ = cutLine(p.Uri)
			s.Line = int(d.FindScenario(p.AstNodeIds[0]).Location.Line)
			if len(p.AstNodeIds) > 1 {
				_, row := d.FindExample(p.AstNodeIds[1])
				s.Row = int(row.Location.Line)
			}
			for _, t := range p.Tags {
				s.Tags = append(s.Tags, t.Name)
			}
			for _, st := range p.Steps {
				line := int(d.FindStep(st.AstNodeIds[0]).Location.Line)
				s.Steps = append(s.Steps, &accept.Step{Keyword: keywords[st.Type], Text: st.Text, Line: line})
			}
			out.Scenarios = append(out.Scenarios, s)
			readings[p.Id] = &reading{Vocabulary: v, scenario: s, measured: map[names.Variant]bool{}}
		}
	}
	if len(out.Scenarios) == 0 {
		return nil, exit.Errorf(exit.NoData, "no scenario of %s matches the tags %q: nothing was judged", root, tags)
	}
	g.ScenarioInitializer = func(sc *godog.ScenarioContext) { initialize(sc, readings) }
	g.Run()
	for _, r := range readings {
		if r.done != len(r.scenario.Steps) {
			return nil, fmt.Errorf("%s:%d: godog read %d of %d sentences",
				r.scenario.File, r.scenario.Line, r.done, len(r.scenario.Steps))
		}
	}
	slices.SortStableFunc(out.Scenarios, func(a, b *accept.Scenario) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Row, b.Row))
	})
	return out, nil
}

// initialize tells godog how to read one scenario.
func initialize(sc *godog.ScenarioContext, readings map[string]*reading) {
	sc.Before(func(ctx context.Context, p *godog.Scenario) (context.Context, error) {
		return context.WithValue(ctx, readingKey{}, readings[p.Id]), nil
	})
	sc.StepContext().After(
		func(ctx context.Context, _ *godog.Step, status godog.StepResultStatus, err error) (context.Context, error) {
			r := readingOf(ctx)
			st := r.scenario.Steps[r.done]
			r.done++
			st.Ran = status == godog.StepPassed || status == godog.StepFailed
			switch {
			case r.scenario.Wrong() != nil || status == godog.StepPassed:
				return ctx, nil // after a wrong sentence, godog reads no further one
			case status == godog.StepUndefined:
				err = fmt.Errorf("no sentence reads %q%s; features/STEPS.md lists them all",
					st.Text, suggestion(st.Text))
			case err == nil:
				err = fmt.Errorf("the sentence ended %v", status)
			}
			st.Err = fmt.Errorf("%s:%d: %w", r.scenario.File, st.Line, err)
			return ctx, nil
		})
	for i, s := range Registry {
		sc.Step(compiled[i], s.Read)
	}
}

var keywords = map[messages.PickleStepType]string{
	messages.PickleStepType_UNKNOWN: "*",
	messages.PickleStepType_CONTEXT: "Given",
	messages.PickleStepType_ACTION:  "When",
	messages.PickleStepType_OUTCOME: "Then",
}

// suggestion returns the example that shares the most words with text.
func suggestion(text string) string {
	words := strings.Fields(text)
	shared := func(s Sentence) int {
		foreign := func(w string) bool { return !slices.Contains(words, w) }
		return len(slices.DeleteFunc(strings.Fields(s.Example), foreign))
	}
	best := slices.MaxFunc(Registry, func(a, b Sentence) int { return cmp.Compare(shared(a), shared(b)) })
	if shared(best) < 3 {
		return ""
	}
	example, _, _ := strings.Cut(best.Example, "\n") // without its table
	return fmt.Sprintf("; did you mean something like %q?", example)
}

// disk opens files as the process sees them, with relative and absolute paths.
type disk struct{}

func (disk) Open(name string) (fs.File, error) { return os.Open(name) }

var lineSuffix = regexp.MustCompile(`^(.*\.feature)(:\d+)$`)

// cutLine splits FILE:LINE; line is ":LINE", or empty if there is none.
func cutLine(name string) (file, line string) {
	if m := lineSuffix.FindStringSubmatch(name); m != nil {
		return m[1], m[2]
	}
	return name, ""
}

// locate returns where root is: on disk or among the features that are built in, with :LINE if one
// scenario is asked for.
func locate(root string) (fsys fs.FS, name, line string, err error) {
	name, line = cutLine(root)
	fsys = disk{}
	_, err = os.Stat(name)
	for _, builtIn := range []string{path.Clean(name), path.Join("features", name)} {
		if _, e := fs.Stat(features.Files, builtIn); e == nil && errors.Is(err, fs.ErrNotExist) {
			fsys, name, err = features.Files, builtIn, nil
		}
	}
	if err != nil {
		return nil, "", "", exit.Errorf(exit.NoData, "no features at %s: %w", root, err)
	}
	return fsys, name, line, nil
}

// Beside reads a file in the folder of the features of root, which Read reads. text is nil if there
// is none.
func Beside(root, file string) (name string, text []byte, err error) {
	fsys, name, _, err := locate(root)
	if err != nil {
		return "", nil, err
	}
	if strings.HasSuffix(name, ".feature") {
		name = path.Dir(name)
	}
	name = path.Join(name, file)
	text, err = fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return name, nil, nil
	}
	return name, text, err
}

// find returns the feature files of root and where they are, each with :LINE if one scenario is
// asked for.
func find(root string) (fsys fs.FS, paths []string, err error) {
	fsys, name, line, err := locate(root)
	if err != nil {
		return nil, nil, err
	}
	err = fs.WalkDir(fsys, name, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (p == name || strings.HasSuffix(p, ".feature")) {
			paths = append(paths, p)
		}
		return err
	})
	if err != nil {
		return nil, nil, exit.Errorf(exit.NoData, "read features: %w", err)
	}
	if len(paths) == 0 {
		return nil, nil, exit.Errorf(exit.NoData, "no features in %s: it holds no file that ends in .feature", root)
	}
	for i, p := range paths {
		lines, err := check(fsys, p)
		if err != nil {
			return nil, nil, err
		}
		if line != "" && !slices.Contains(lines, line) {
			return nil, nil, exit.Errorf(exit.NoData,
				"no scenario begins at %s; scenarios of that file begin at lines %s",
				root, strings.ReplaceAll(strings.Join(lines, ", "), ":", ""))
		}
		paths[i] += line
	}
	return fsys, paths, nil
}

// check parses a feature file and returns ":LINE" for each scenario. A file without scenarios and a
// scenario without sentences would judge nothing.
func check(fsys fs.FS, file string) (lines []string, err error) {
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, exit.Errorf(exit.NoData, "read features: %w", err)
	}
	doc, err := gherkin.ParseGherkinDocument(bytes.NewReader(text), (&messages.Incrementing{}).NewId)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "%s does not parse: %w", file, err)
	}
	for _, sc := range scenarios(doc) {
		if len(sc.Steps) == 0 {
			return nil, exit.Errorf(exit.NoData, "%s:%d: scenario %q has no sentences and would judge nothing",
				file, sc.Location.Line, sc.Name)
		}
		if len(sc.Examples) > 0 &&
			!slices.ContainsFunc(sc.Examples, func(e *messages.Examples) bool { return len(e.TableBody) > 0 }) {
			return nil, exit.Errorf(exit.NoData, "%s:%d: the examples of %q have no rows and would judge nothing",
				file, sc.Location.Line, sc.Name)
		}
		lines = append(lines, fmt.Sprintf(":%d", sc.Location.Line))
	}
	if len(lines) == 0 {
		return nil, exit.Errorf(exit.NoData, "%s holds no scenario", file)
	}
	return lines, nil
}

// scenarios returns a document's scenarios, those of rules included.
func scenarios(doc *messages.GherkinDocument) []*messages.Scenario {
	if doc.Feature == nil {
		return nil
	}
	var out []*messages.Scenario
	for _, c := range doc.Feature.Children {
		out = append(out, c.Scenario)
		if c.Rule != nil {
			for _, rc := range c.Rule.Children {
				out = append(out, rc.Scenario)
			}
		}
	}
	return slices.DeleteFunc(out, func(s *messages.Scenario) bool { return s == nil })
}
