package main

import (
	"cmp"

	"github.com/crossover-bench/crossover/internal/costs"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

type profileFlags struct {
	Profiles string `placeholder:"FILE" help:"YAML file of links, devices and hosts to add to the built-in ones."`
}

func (f profileFlags) load() (*profiles.Set, error) {
	if f.Profiles == "" {
		return profiles.BuiltIn(), nil
	}
	s, err := profiles.Load(f.Profiles)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "--profiles: %w", err)
	}
	return s, nil
}

type assumptionFlags struct {
	Output   model.Payload `default:"100B" help:"What comes back."`
	Overhead model.Seconds `default:"0s" help:"Time that the software on both sides adds."`
	profileFlags
	Device     string         `default:"imx8mp" help:"Device profile."`
	Idle       string         `placeholder:"NAME" help:"Idle mode of the device while it waits; its first one by default."`
	IdlePower  *model.Watts   `placeholder:"0.91W" help:"Power while the device waits, instead of --idle."`
	WakeTime   *model.Seconds `placeholder:"300ms" help:"Time to wake up from a suspended idle mode."`
	WakeEnergy *model.Joules  `placeholder:"400mJ" help:"Energy to wake up from a suspended idle mode."`
	TCP        bool           `name:"tcp" help:"Add slow start: the round trips of a TCP connection that has paused."`
}

// assumptionHelp explains the shared flags that need more than a line.
const assumptionHelp = `Entries of --profiles replace built-in ones of the same name. A
size is a shape such as 32x32x3, one byte per element, or an amount such as 100B. The
device imx8mp has the idle modes high (awake) and low (suspended). --tcp assumes an
initial window of 10 segments of 1460 bytes.`

// scene looks up the profiles that the flags name.
func (f assumptionFlags) scene(
	links []string, inputs []model.Payload, exec model.Estimate[model.Seconds],
) (costs.Scene, error) {
	s := costs.Scene{Inputs: inputs, Output: f.Output, Exec: exec, Overhead: f.Overhead}
	set, err := f.load()
	if err != nil {
		return s, err
	}
	if s.Device, err = set.Device(f.Device); err != nil {
		return s, exit.Errorf(exit.Usage, "--device: %w", err)
	}
	if s.Idle, err = f.mode(s.Device); err != nil {
		return s, err
	}
	for _, name := range links {
		l, err := set.Link(name)
		if err != nil {
			return s, exit.Errorf(exit.Usage, "--link: %w", err)
		}
		s.Links = append(s.Links, l)
	}
	if f.TCP {
		s.TCP = model.DefaultTCP()
	}
	return s, nil
}

// mode returns how the device waits. --idle-power chooses the profile's mode of that power, if
// there is one: at 0.91 W the board is suspended, so its costs are lower bounds.
func (f assumptionFlags) mode(d model.Device) (model.Idle, error) {
	idle := d.Idle[0]
	switch {
	case f.Idle != "" && f.IdlePower != nil:
		return idle, exit.Errorf(exit.Usage, "--idle and --idle-power exclude each other")
	case f.Idle != "":
		var err error
		if idle, err = d.IdleMode(f.Idle); err != nil {
			return idle, exit.Errorf(exit.Usage, "--idle: %w", err)
		}
	case f.IdlePower != nil:
		idle = model.Idle{Name: "given", Power: *f.IdlePower}
		for _, i := range d.Idle {
			if i.Power == *f.IdlePower {
				idle = i
			}
		}
	}
	if (f.WakeTime != nil || f.WakeEnergy != nil) && !idle.Suspends {
		return idle, exit.Errorf(exit.Usage, "--wake-time and --wake-energy: device %s does not suspend in idle mode %s; "+
			"choose one that does with --idle", d.Name, idle.Name)
	}
	idle.WakeTime = cmp.Or(f.WakeTime, idle.WakeTime)
	idle.WakeEnergy = cmp.Or(f.WakeEnergy, idle.WakeEnergy)
	return idle, nil
}

// localCosts checks the flags --local and --local-energy, both nil if not given.
func localCosts(latency *model.Estimate[model.Seconds], energy *model.Estimate[model.Joules]) (costs.Local, error) {
	switch {
	case latency == nil && energy != nil:
		return costs.Local{}, exit.Errorf(exit.Usage,
			"--local-energy: give the latency of the local inference too, with --local")
	case latency == nil:
		return costs.Local{}, nil
	case latency.Value == 0:
		return costs.Local{}, exit.Errorf(exit.Usage, "--local: want seconds above zero, got %v", latency.Value)
	}
	return costs.Local{Latency: *latency, Energy: energy}, nil
}

// exactly returns a value without uncertainty, nil for nil.
func exactly[Q model.Quantity](v *Q) *model.Estimate[Q] {
	if v == nil {
		return nil
	}
	return &model.Estimate[Q]{Value: *v}
}

type answerFlags struct {
	JSON bool `name:"json" help:"Print JSON in SI base units."`
}

// print prints the answer of the cost model, whose errors name a field that a flag sets.
func (f answerFlags) print(e *env, a sheet.Answer, err error) error {
	if err != nil {
		return exit.Errorf(exit.Usage, "%w", err)
	}
	return sheet.Print(e.stdout, a, f.JSON)
}
