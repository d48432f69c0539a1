package sheet_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/model"
)

func ExampleSheet() {
	var n sheet.Notes
	s := sheet.New("link", "latency ms", "energy mJ")
	for _, link := range []string{"ethernet", "5g"} {
		missing := []string{"energy of link " + link}
		s.Add(link, sheet.Milli(model.Seconds(0.024)), sheet.AtLeast(sheet.OrUnknown[model.Joules](nil), missing))
		n.AddMissing(missing[:1])
		n.Add("said once")
	}
	fmt.Print(s.Text(1), n.Text())
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
