package doctor

import (
	"testing"

	"github.com/crossover-bench/crossover/backends/offload"
)

func TestDoctorWarnsOfALinkThatItCannotExamine(t *testing.T) {
	var d Diagnosis
	d.link(offload.Host{Name: "desk", Address: "no port"})
	d.link(offload.Host{Name: "old", Address: "no port", Recorded: "a recording has no link"})
	if len(d.Findings) != 1 || d.Findings[0].Subject != "link to desk" || d.Findings[0].Fix == "" {
		t.Errorf("%+v", d.Findings)
	}
}
