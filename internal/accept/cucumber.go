package accept

import (
	"encoding/json"
	"io"
	"strings"
)

type cucumberFeature struct {
	URI      string            `json:"uri"`
	ID       string            `json:"id"`
	Keyword  string            `json:"keyword"`
	Name     string            `json:"name"`
	Line     int               `json:"line"`
	Elements []cucumberElement `json:"elements"`
}

type cucumberElement struct {
	ID      string         `json:"id"`
	Keyword string         `json:"keyword"`
	Type    string         `json:"type"`
	Name    string         `json:"name"`
	Line    int            `json:"line"`
	Tags    []cucumberTag  `json:"tags,omitempty"`
	Steps   []cucumberStep `json:"steps"`
}

type cucumberTag struct {
	Name string `json:"name"`
}

type cucumberStep struct {
	Keyword string `json:"keyword"`
	Name    string `json:"name"`
	Line    int    `json:"line"`
	Match   struct {
		Location string `json:"location"`
	} `json:"match"`
	Result cucumberResult `json:"result"`
	Output []string       `json:"output,omitempty"`
}

type cucumberResult struct {
	Status string `json:"status"`
	Error  string `json:"error_message,omitempty"`
}

// Cucumber writes the report as Cucumber JSON. Its statuses have no third verdict either: what is
// inconclusive is "pending", which no tool counts as passed. A step of a study's scenario is never
// "failed": the output of its last step says the outcome.
func (r *Report) Cucumber(w io.Writer) error {
	out := []cucumberFeature{}
	for _, s := range r.Scenarios {
		if len(out) == 0 || out[len(out)-1].URI != s.File {
			out = append(out, cucumberFeature{
				URI: s.File, ID: id(s.Feature), Keyword: "Feature", Name: s.Feature, Line: 1,
			})
		}
		f := &out[len(out)-1]
		e := cucumberElement{
			ID: f.ID + ";" + id(s.Title()), Keyword: "Scenario", Type: "scenario",
			Name: s.Title(), Line: max(s.Line, s.Row), Steps: []cucumberStep{},
		}
		for _, t := range s.Tags {
			e.Tags = append(e.Tags, cucumberTag{t})
		}
		for _, st := range s.Steps {
			e.Steps = append(e.Steps, s.cucumberStep(st))
		}
		if s.Study() && s.Wrong() == nil {
			last := &e.Steps[len(e.Steps)-1]
			last.Output = append(last.Output, "the study's claim: "+string(s.Outcome()))
		} else if s.Wrong() == nil && len(s.Judgements()) == 0 {
			e.Steps[len(e.Steps)-1].Result = cucumberResult{"failed", s.Reason()}
		}
		f.Elements = append(f.Elements, e)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func (s *Scenario) cucumberStep(st *Step) cucumberStep {
	c := cucumberStep{
		Keyword: st.Keyword + " ", Name: st.Text, Line: st.Line, Result: cucumberResult{Status: "passed"},
	}
	c.Match.Location = s.position()
	for _, g := range st.Judgements {
		c.Output = append(c.Output, g.marked())
	}
	switch {
	case st.Err != nil:
		c.Result = cucumberResult{"failed", st.Err.Error()}
	case !st.Ran:
		c.Result.Status = "skipped"
	case len(st.Judgements) > 0:
		c.Result.Status = worst(st.Judgements).Verdict.meaning().cucumber
		if s.Study() && c.Result.Status == "failed" {
			c.Result.Status = "pending"
		}
		if c.Result.Status == "failed" {
			c.Result.Error = strings.Join(c.Output, "\n")
		}
	}
	return c
}

// id returns the text as Cucumber builds its ids.
func id(text string) string { return strings.ReplaceAll(strings.ToLower(text), " ", "-") }
