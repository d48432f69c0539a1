package main

import (
	"slices"

	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/accept/steps"
	"github.com/crossover-bench/crossover/internal/computed"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/record"
	"github.com/crossover-bench/crossover/internal/results"
)

// hostsFile declares, in a folder of features, the hosts that they name.
const hostsFile = "hosts.yaml"

// withRecordedHosts arranges a run for judging. What the features need of hosts that are recorded
// runs, and what the run does not hold, is computed.
func (c *acceptCmd) withRecordedHosts(
	run *results.Run, features *accept.Features, s *record.Selection,
) (*accept.Data, error) {
	hosts := s.Hosts
	if c.Hosts == "" {
		file, text, err := steps.Beside(c.Features, hostsFile)
		if err == nil && text != nil {
			hosts, err = declared.ParseHosts(file, text)
		}
		if err != nil {
			return nil, err
		}
	}
	needs := computed.Needs{Combinations: features.Needs(), Link: s.Profiles.Link, Payload: payload(s)}
	for _, h := range hosts {
		if h.Recorded == "" {
			continue
		}
		host := computed.Host{Name: h.Name, Backend: h.Backend, Factor: h.Factor}
		if h.Recorded != offload.ThisRun {
			var err error
			if host.Run, err = results.Open(h.Recorded); err != nil {
				return nil, exit.Errorf(exit.NoData, "--hosts: host %s: %w", h.Name, err)
			}
		}
		needs.Hosts = append(needs.Hosts, host)
	}
	blocks, not := computed.Blocks(run, needs)
	run.Blocks = slices.Concat(run.Blocks, blocks)
	data, err := accept.FromRun(c.Results, run)
	if err != nil {
		return nil, exit.With(exit.NoData, err)
	}
	data.Lacking = map[names.Combination]string{}
	for _, o := range not {
		data.Lacking[o.Combination] = o.Reason
	}
	return data, nil
}

// payload returns what an inference of a variant of the catalog moves: the image, and one byte for
// each class, as the study counts them.
func payload(s *record.Selection) func(names.Variant) (sent, received int64, ok bool) {
	return func(v names.Variant) (sent, received int64, ok bool) {
		id, err := s.Catalog.Parse(string(v))
		if err != nil {
			return 0, 0, false
		}
		side := int64(id.Input.Size)
		return side * side * 3, int64(s.Catalog.Classes), true
	}
}
