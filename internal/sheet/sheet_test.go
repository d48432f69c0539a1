package sheet_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/model"
)

func ExampleCount() {
	fmt.Println(sheet.Count(0, "round"), sheet.Count(1, "round"), sheet.Count(2, "round"))
	// Output: 0 rounds 1 round 2 rounds
}

func ExamplePercent() {
	fmt.Println(sheet.Percent(1e-6), sheet.Percent(0.01234), sheet.Percent(1.1234), sheet.Percent(15))
	// Output: 0.0001 % 1.2 % 110 % 1500 %
}

func ExampleTable() {
	links := []string{"ethernet", "5g"}
	missing := func(link string) []string { return []string{"energy of link " + link} }
	var t sheet.Table[string]
	t.Left("link", func(link string) any { return link })
	t.Right("latency ms", func(string) any { return sheet.Milli(model.Seconds(0.024)) })
	t.Right("energy mJ", func(link string) any {
		return sheet.AtLeast(sheet.OrUnknown[model.Joules](nil), missing(link))
	})
	var n sheet.Notes
	for _, link := range links {
		n.AddMissing(missing(link))
		n.Add("said once")
	}
	fmt.Print(t.Text(links), n.Text())
	// Output:
	// link      latency ms  energy mJ
	// ─────────────────────────────────
	// ethernet      24.000        >=?
	// 5g            24.000        >=?
	// note: energy of link ethernet: not known and not counted, so figures marked >= are lower bounds
	// note: said once
	// note: energy of link 5g: not known and not counted, so figures marked >= are lower bounds
}

type answer struct {
	Bound string `json:"bound"`
}

func (a answer) Text() string { return "at least " + a.Bound + "\n" }

func ExamplePrint() {
	for _, asJSON := range []bool{false, true} {
		if err := sheet.Print(os.Stdout, answer{">=3"}, asJSON); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// at least >=3
	// {
	//   "bound": ">=3"
	// }
}

func TestPrintReturnsTheErrorOfWriting(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		if err := sheet.Print(broken{}, answer{"3"}, asJSON); err == nil || !strings.Contains(err.Error(), "full") {
			t.Errorf("JSON %t: %v", asJSON, err)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, fmt.Errorf("the disk is full") }
