package steps

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"

	"github.com/crossover-bench/crossover/internal/exit"
)

// Features is a set of feature files that parse.
type Features struct {
	Root  string   // as the user named it
	files []string // the paths to open, each with :LINE where one scenario is asked for
}

var lineSuffix = regexp.MustCompile(`^(.*\.feature):(\d+)$`)

// Read finds the features in root: a folder with .feature files, one such file,
// or one scenario of it as FILE:LINE. Relative paths are taken from where the
// process stands. Nothing to run is an error, exit.NoData; a file that does not
// parse is one of exit.Usage, with its place.
func Read(root string) (*Features, error) {
	f := &Features{Root: root}
	path, line := root, ""
	if m := lineSuffix.FindStringSubmatch(root); m != nil {
		path, line = m[1], ":"+m[2]
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, exit.Errorf(exit.NoData, "no features at %s: %w", root, err)
	}
	if !info.IsDir() {
		f.files = []string{path}
	} else {
		err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(p, ".feature") {
				f.files = append(f.files, p)
			}
			return err
		})
		if err != nil {
			return nil, exit.Errorf(exit.NoData, "read features: %w", err)
		}
	}
	if len(f.files) == 0 {
		return nil, exit.Errorf(exit.NoData, "no features in %s: it holds no file that ends in .feature", root)
	}
	for i, file := range f.files {
		lines, err := check(file)
		if err != nil {
			return nil, err
		}
		if line != "" && !slices.Contains(lines, line) {
			return nil, exit.Errorf(exit.NoData, "no scenario begins at %s; scenarios of that file begin at lines %s",
				root, strings.ReplaceAll(strings.Join(lines, ", "), ":", ""))
		}
		f.files[i] += line
	}
	return f, nil
}

// check parses a feature file and returns ":LINE" for each scenario. A file
// without scenarios and a scenario without sentences would run nothing.
func check(file string) (lines []string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, exit.Errorf(exit.NoData, "read features: %w", err)
	}
	ids := (&messages.Incrementing{}).NewId
	doc, err := gherkin.ParseGherkinDocument(bytes.NewReader(text), ids)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "%s does not parse: %w", file, err)
	}
	for _, sc := range scenarios(doc) {
		if len(sc.Steps) == 0 {
			return nil, exit.Errorf(exit.NoData, "%s:%d: scenario %q has no sentences and would judge nothing", file, sc.Location.Line, sc.Name)
		}
		if len(sc.Examples) > 0 && !slices.ContainsFunc(sc.Examples, func(e *messages.Examples) bool { return len(e.TableBody) > 0 }) {
			return nil, exit.Errorf(exit.NoData, "%s:%d: the examples of %q have no rows and would judge nothing", file, sc.Location.Line, sc.Name)
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
		if c.Scenario != nil {
			out = append(out, c.Scenario)
		}
		if c.Rule != nil {
			for _, rc := range c.Rule.Children {
				if rc.Scenario != nil {
					out = append(out, rc.Scenario)
				}
			}
		}
	}
	return out
}

// places returns the line of every node of a document that a pickle refers to.
func places(doc *messages.GherkinDocument) map[string]int {
	out := map[string]int{}
	steps := func(b []*messages.Step) {
		for _, s := range b {
			out[s.Id] = int(s.Location.Line)
		}
	}
	backgrounds := func(b *messages.Background) {
		if b != nil {
			steps(b.Steps)
		}
	}
	if doc.Feature == nil {
		return out
	}
	for _, c := range doc.Feature.Children {
		backgrounds(c.Background)
		if c.Rule != nil {
			for _, rc := range c.Rule.Children {
				backgrounds(rc.Background)
			}
		}
	}
	for _, sc := range scenarios(doc) {
		out[sc.Id] = int(sc.Location.Line)
		steps(sc.Steps)
		for _, e := range sc.Examples {
			for _, row := range e.TableBody {
				out[row.Id] = int(row.Location.Line)
			}
		}
	}
	return out
}
