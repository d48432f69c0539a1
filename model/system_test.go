package model_test

import (
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/model"
)

func TestWholeSystemAddsHostAndPath(t *testing.T) {
	o := offload(ethernet(), 3072)
	e, err := model.WholeSystem(o, model.System{
		Host: model.HostProfile{Name: "h", Active: new(model.Watts(125))},
		Path: new(model.JoulesPerByte(1e-6)),
	})
	if err != nil {
		t.Fatal(err)
	}
	// 22.26125792072 mJ + 3 ms * 125 W = 375 mJ + 3172 B * 1 uJ/B = 3.172 mJ.
	near(t, "total", e.Joules, 0.40043325792072)
	if !e.Complete() {
		t.Errorf("missing %v", e.Missing)
	}
	e, err = model.WholeSystem(o, model.System{Host: model.HostProfile{Name: "h"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Missing) != 2 || e.Joules != e.Device || e.Host != nil || e.Path != nil {
		t.Errorf("%+v", e)
	}
	_, err = model.WholeSystem(o, model.System{Host: model.HostProfile{Name: "h", Active: new(model.Watts(0))}})
	if err == nil || !strings.Contains(err.Error(), "host h: active:") {
		t.Error(err)
	}
}
