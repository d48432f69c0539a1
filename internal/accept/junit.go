package accept

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	File      string      `xml:"file,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Timestamp string      `xml:"timestamp,attr,omitempty"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name       string          `xml:"name,attr"`
	Class      string          `xml:"classname,attr"`
	Properties []junitProperty `xml:"properties>property,omitempty"`
	Failure    *junitMessage   `xml:"failure,omitempty"`
	Error      *junitMessage   `xml:"error,omitempty"`
	Skipped    *junitMessage   `xml:"skipped,omitempty"`
	Out        string          `xml:"system-out,omitempty"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitMessage struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as JUnit XML. JUnit has no third verdict: what is inconclusive, missing
// or invalid is an error of that type, so that no reader takes it for a pass. A study's scenario
// never fails; its outcome is the property "outcome".
func (r *Report) JUnit(w io.Writer) error {
	var out junitSuites
	for _, s := range r.Scenarios {
		if len(out.Suites) == 0 || out.Suites[len(out.Suites)-1].File != s.File {
			out.Suites = append(out.Suites, junitSuite{
				Name: s.Feature, File: s.File, Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
			})
		}
		suite := &out.Suites[len(out.Suites)-1]
		suite.Tests++
		c := junitCase{Name: s.Title(), Class: s.position()}
		var lines []string
		for i, g := range s.Judgements() {
			lines = append(lines, g.marked())
			if g.Value != nil {
				c.Properties = append(c.Properties, junitProperty{
					Name:  fmt.Sprintf("%d %s: %s (%s)", i+1, g.Subject, g.Measure, g.Unit.Symbol),
					Value: fmt.Sprintf("%g", *g.Value),
				})
			}
		}
		c.Out = strings.Join(lines, "\n")
		message := &junitMessage{Type: string(s.Verdict()), Message: s.firstLine(), Text: r.Repeat(s)}
		switch v := s.Verdict(); {
		case s.Study() && s.Wrong() == nil:
			c.Properties = append(c.Properties, junitProperty{"outcome", string(s.Outcome())})
		case v == Fail:
			suite.Failures++
			c.Failure = message
		case v == Skipped:
			suite.Skipped++
			c.Skipped = &junitMessage{Message: message.Message}
		case v != Pass:
			suite.Errors++
			c.Error = message
		}
		suite.Cases = append(suite.Cases, c)
	}
	text, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

// firstLine returns the line of the judgement that gave the scenario its verdict, or why nothing
// was judged.
func (s *Scenario) firstLine() string {
	if why := s.Reason(); why != "" {
		return why
	}
	return worst(s.Judgements()).line()
}
