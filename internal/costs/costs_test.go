package costs_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/costs"
	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

// scene is a 32x32 image from the study's board over the named links, to a host
// that takes 3 ms.
func scene(links ...string) costs.Scene {
	set := profiles.BuiltIn()
	device, err := set.Device("imx8mp")
	if err != nil {
		panic(err)
	}
	s := costs.Scene{
		Device: device, Idle: device.Idle[0], Inputs: []model.Payload{{Name: "32x32x3", Size: 3072}},
		Output: model.Payload{Name: "100B", Size: 100}, Exec: model.Estimate[model.Seconds]{Value: 0.003},
	}
	for _, name := range links {
		l, err := set.Link(name)
		if err != nil {
			panic(err)
		}
		s.Links = append(s.Links, l)
	}
	return s
}

func ExamplePredict() {
	answer, err := costs.Predict(scene("ethernet"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(answer.Text())
	// Output:
	// An inference offloaded from imx8mp, which waits at 3.05W (idle high), to a host that takes 3ms. Origin: modelled.
	//
	// link      input    latency ms     up  propagation   down   exec  energy mJ    idle  transmit  receive  EDP mJs
	// ────────────────────────────────────────────────────────────────────────────────────────────────────────────────
	// ethernet  32x32x3      24.025  1.011       20.000  0.014  3.000     73.674  73.275     0.393    0.006    1.770
}

func ExampleCross() {
	s := scene("ethernet", "radio")
	s.Local.Latency.Value = 0.030
	answer, err := costs.Cross(s)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, x := range answer.Crossings {
		if x.Pays != nil {
			fmt.Println(x.Link, x.Metric, *x.Pays, x.Crossings["bandwidth_B_per_s"].Outcome)
		}
	}
	// Output:
	// ethernet latency true crosses
	// radio latency false never
}

func ExampleQueue() {
	s := scene("ethernet")
	s.Local.Latency.Value = 0.030
	answer, err := costs.Queue(s, model.Load{Tenants: 20, Workers: 1}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range answer.Paying {
		fmt.Println("from", r.From, "to", model.Round(r.To, 4))
	}
	// Output: from 0/s to 15.44/s
}

func TestPredictComparesOnlyKnownCosts(t *testing.T) {
	s := scene("5g")
	s.Local.Latency.Value = 0.030
	answer, err := costs.Predict(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if pays := answer.Predictions[0].Pays; len(pays) != 1 || !pays[model.MetricLatency] {
		t.Errorf("without a local energy: %v", pays)
	}
	s.Local.Energy = &model.Estimate[model.Joules]{Value: 0.090}
	if answer, err = costs.Predict(s, nil); err != nil {
		t.Fatal(err)
	}
	if text := answer.Text(); !strings.Contains(text, "latency, energy?, edp?") {
		t.Errorf("a yes that rests on a lower bound has no question mark:\n%s", text)
	}
	s.Exec.Value = 0
	if _, err := costs.Predict(s, nil); err == nil || !strings.Contains(err.Error(), "exec:") {
		t.Errorf("the error %v does not name the field", err)
	}
}

func TestCrossMarksUnknownCostsInJSON(t *testing.T) {
	answer, err := costs.Cross(scene("5g"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"local":null,"offloading_pays":null`,
		`"crossings":{"local_latency_s":{"outcome":"crosses","pays":"above","at":0.005`,
		`"missing":[]`, `"missing":["transmit energy of link 5g","receive energy of link 5g"]`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in %s", want, data)
		}
	}
}

func TestQueueWantsOneLinkAndOneInput(t *testing.T) {
	s := scene("ethernet", "radio")
	s.Local.Latency.Value = 0.030
	if _, err := costs.Queue(s, model.Load{Tenants: 1, Workers: 1}, nil); err == nil {
		t.Error("no error")
	}
}
