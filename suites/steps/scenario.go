package steps

import (
	"fmt"
	"maps"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model"
)

// scenario is what the sentences of one scenario have said so far.
type scenario struct {
	judge    *accept.Judge
	cores    int
	variants []accept.Variant
	places   []placed
	power    accept.Power
	only     []onlyWhen
	// answer takes the judgements of the running sentence.
	answer func(*accept.Judgement)
}

// placed is where variants run: a backend and a link.
type placed struct{ backend, link string }

func (p placed) of(v accept.Variant) grid.Combination {
	return grid.Combination{Variant: names.Variant(v.Name), Backend: names.Backend(p.backend), Link: names.Link(p.link)}
}

// onlyWhen is a condition on the local latency.
type onlyWhen struct {
	place placed
	limit accept.Limit
}

func (s *scenario) chooseVariants(names ...string) error {
	for _, n := range names {
		v, err := s.judge.Variants.Named(n)
		if err != nil {
			return err
		}
		s.addVariant(v)
	}
	return nil
}

func (s *scenario) addVariant(v accept.Variant) {
	if !slices.ContainsFunc(s.variants, func(o accept.Variant) bool { return o.Name == v.Name }) {
		s.variants = append(s.variants, v)
	}
}

// filterVariants chooses what fits; what says what was asked for.
func (s *scenario) filterVariants(what string, fits func(accept.Variant) bool) error {
	found := false
	for _, v := range s.judge.Variants {
		if fits(v) {
			found = true
			s.addVariant(v)
		}
	}
	if !found {
		return fmt.Errorf("no variant fits %q; crossover list shows them all", what)
	}
	return nil
}

func (s *scenario) everyVariant(kind, ofModel, compression, input string) error {
	size := 0
	if input != "" {
		var err error
		if size, err = strconv.Atoi(input); err != nil {
			return fmt.Errorf("input size %q: %w", input, err)
		}
	}
	what := strings.Join(slices.DeleteFunc([]string{kind, ofModel, compression, input}, func(w string) bool { return w == "" }), ", ")
	return s.filterVariants(what, func(v accept.Variant) bool {
		// A file of the user's own has no compression that its name says.
		known := v.Compression != ""
		return (kind == "" || known && v.Compressed() == (kind == "compressed")) &&
			(ofModel == "" || strings.EqualFold(v.Model, ofModel)) &&
			(compression == "" || strings.EqualFold(v.Compression, compression)) &&
			(size == 0 || v.Input == size)
	})
}

func (s *scenario) matchingVariants(pattern string) error {
	if strings.Contains(pattern, "**") {
		re := regexp.MustCompile("^" + strings.NewReplacer(`\*\*`, ".*", `\*`, "[^/]*").Replace(regexp.QuoteMeta(pattern)) + "$")
		return s.filterVariants(pattern, func(v accept.Variant) bool { return re.MatchString(v.Name) })
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return s.filterVariants(pattern, func(v accept.Variant) bool {
		ok, _ := path.Match(pattern, v.Name)
		return ok
	})
}

var localBackend = regexp.MustCompile(`^(cpu[1-9][0-9]*(-[a-z0-9-]+)?|npu|gpu)$`)

// local returns the place of a local backend.
func (s *scenario) local(backend string) (placed, error) {
	if backend == string(grid.CPUAll) {
		backend = "cpu" + strconv.Itoa(max(1, s.cores))
	}
	if !localBackend.MatchString(backend) {
		return placed{}, fmt.Errorf("%q is no local backend; want cpuN (N threads), %s, npu or gpu, and \"the host ... over the link ...\" to offload", backend, grid.CPUAll)
	}
	return placed{backend, string(grid.LinkNone)}, nil
}

// offload returns the place of a host over a link.
func (s *scenario) offload(host, link string) (placed, error) {
	if strings.HasPrefix(host, "offload-") {
		return placed{}, fmt.Errorf("host %q: write the host's name alone, %q", host, strings.TrimPrefix(host, "offload-"))
	}
	if link != linkDirect {
		if _, err := s.judge.Profiles.Link(link); err != nil {
			return placed{}, err
		}
	}
	return placed{"offload-" + host, link}, nil
}

const linkDirect = "direct"

func (s *scenario) chooseBackends(names ...string) error {
	for _, n := range names {
		p, err := s.local(n)
		if err != nil {
			return err
		}
		s.places = append(s.places, p)
	}
	return nil
}

func (s *scenario) chooseHost(host string, links ...string) error {
	for _, l := range links {
		p, err := s.offload(host, l)
		if err != nil {
			return err
		}
		s.places = append(s.places, p)
	}
	return nil
}

func (s *scenario) chooseDevice(device, idle string) error {
	d, err := s.judge.Profiles.Device(device)
	if err != nil {
		return err
	}
	if idle == "" && len(d.Idle) > 0 {
		idle = d.Idle[0].Name
	}
	if _, err := d.IdleMode(idle); err != nil {
		return err
	}
	s.power = accept.Power{Device: device, Idle: idle}
	return nil
}

func (s *scenario) chooseIdlePower(text string) error {
	w, err := parse[model.Watts](text)
	if err != nil {
		return err
	}
	p := model.Watts(w)
	s.power.IdlePower = &p
	return nil
}

// parse reads a quantity as people write it, "31 ms" as well as "31ms".
func parse[Q model.Quantity](text string) (float64, error) {
	v, err := model.Parse[Q](strings.ReplaceAll(text, " ", ""))
	if err != nil {
		return 0, fmt.Errorf("the limit %q: %w", text, err)
	}
	return float64(v), nil
}

// share reads "10 %" as 0.1.
func share(text string) (float64, error) {
	number, ok := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil || !(v >= 0) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is no share; write it in percent, such as 10 %%", text)
	}
	return v / 100, nil
}

// margin reads an optional share below one.
func margin(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	m, err := share(text)
	if err != nil {
		return 0, err
	}
	if m >= 1 {
		return 0, fmt.Errorf("by at least %s: nothing can be faster by 100 %% or more", text)
	}
	return m, nil
}

var quantities = map[string]accept.Quantity{
	"latency":         accept.Latency,
	"execution time":  accept.Execution,
	"network time":    accept.Network,
	"queueing time":   accept.Queueing,
	"opening time":    accept.Opening,
	"first inference": accept.First,
}

func timeLimit(stat, quantity, dir, bound string) (accept.Limit, error) {
	st, err := accept.ParseStatistic(stat)
	if err != nil {
		return accept.Limit{}, err
	}
	d, err := accept.ParseDirection(dir)
	if err != nil {
		return accept.Limit{}, err
	}
	v, err := parse[model.Seconds](bound)
	if err != nil {
		return accept.Limit{}, err
	}
	return accept.Limit{Quantity: quantities[quantity], Statistic: st, Direction: d, Bound: v, Text: bound}, nil
}

func (s *scenario) when(stat, backend, dir, bound string) error {
	p, err := s.local(backend)
	if err != nil {
		return err
	}
	l, err := timeLimit(stat, "latency", dir, bound)
	if err != nil {
		return err
	}
	s.only = append(s.only, onlyWhen{p, l})
	return nil
}

// conditions says whether a variant meets what was said with "When": Pass, Fail
// or, where the data cannot tell, Inconclusive. A condition that cannot be
// asked is returned as the judgement that says why.
func (s *scenario) conditions(v accept.Variant) (accept.Verdict, *accept.Judgement, error) {
	verdict := accept.Pass
	for _, w := range s.only {
		g, err := s.judge.Limit(w.place.of(v), w.limit)
		switch {
		case err != nil:
			return "", nil, err
		case g == nil:
			continue
		case g.Verdict == accept.Fail && len(g.Combinations) > 0 && g.Value == nil:
			return g.Verdict, g, nil // a required backend that is not there
		case g.Verdict == accept.Fail:
			return accept.Fail, nil, nil
		case g.Verdict == accept.Inconclusive:
			verdict = accept.Inconclusive
		case g.Verdict != accept.Pass:
			return g.Verdict, g, nil
		}
	}
	return verdict, nil, nil
}

// judged puts a judgement on variant v into the ledger, if it meets the
// scenario's conditions.
func (s *scenario) judged(v accept.Variant, ask func() (*accept.Judgement, error)) error {
	verdict, why, err := s.conditions(v)
	if err != nil {
		return err
	}
	if why != nil {
		s.answer(why)
		return nil
	}
	g, err := ask()
	if err != nil || g == nil {
		return err
	}
	if verdict == accept.Fail {
		return nil
	}
	if verdict == accept.Inconclusive && g.Verdict == accept.Fail {
		g.Verdict = accept.Inconclusive
		g.Reason = "whether the scenario's condition holds for it cannot be told: measure more"
	}
	s.answer(g)
	return nil
}

// each judges every chosen variant in every chosen place.
func (s *scenario) each(ask func(v accept.Variant, c grid.Combination) (*accept.Judgement, error)) error {
	if err := s.chosen(true); err != nil {
		return err
	}
	for _, p := range s.places {
		for _, v := range s.variants {
			if err := s.judged(v, func() (*accept.Judgement, error) { return ask(v, p.of(v)) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// chosen says what a sentence lacks that must come before it.
func (s *scenario) chosen(places bool) error {
	switch {
	case len(s.variants) == 0:
		return fmt.Errorf(`no variant is chosen before this sentence; begin with: Given the variant "..."`)
	case places && len(s.places) == 0:
		return fmt.Errorf(`no place is chosen before this sentence; add: Given the backend "..." or: Given the host "..." over the link "..."`)
	}
	return nil
}

func (s *scenario) limitTime(stat, quantity, dir, bound string) error {
	l, err := timeLimit(stat, quantity, dir, bound)
	if err != nil {
		return err
	}
	return s.each(func(_ accept.Variant, c grid.Combination) (*accept.Judgement, error) { return s.judge.Limit(c, l) })
}

func (s *scenario) limitEnergy(modelled, edp bool, dir, bound string) error {
	d, err := accept.ParseDirection(dir)
	if err != nil {
		return err
	}
	l := accept.Limit{Statistic: accept.Statistic{Mean: true}, Direction: d, Text: bound}
	if edp {
		l.Bound, err = parse[model.JouleSeconds](bound)
	} else {
		l.Bound, err = parse[model.Joules](bound)
	}
	if err != nil {
		return err
	}
	return s.each(func(_ accept.Variant, c grid.Combination) (*accept.Judgement, error) {
		return s.judge.EnergyLimit(c, l, s.power, edp, modelled)
	})
}

func (s *scenario) limitBytes(dir, bound string, ask func(grid.Combination, accept.Direction, float64, string) (*accept.Judgement, error)) error {
	d, err := accept.ParseDirection(dir)
	if err != nil {
		return err
	}
	v, err := parse[model.Bytes](bound)
	if err != nil {
		return err
	}
	return s.each(func(_ accept.Variant, c grid.Combination) (*accept.Judgement, error) { return ask(c, d, v, bound) })
}

func (s *scenario) limitPayload(dir, bound string) error {
	return s.limitBytes(dir, bound, s.judge.PayloadLimit)
}

func (s *scenario) limitMemory(dir, bound string) error {
	return s.limitBytes(dir, bound, s.judge.MemoryLimit)
}

// shareLimit reads a direction and a share.
func shareLimit(dir, bound string) (accept.Direction, float64, error) {
	d, err := accept.ParseDirection(dir)
	if err != nil {
		return 0, 0, err
	}
	v, err := share(bound)
	return d, v, err
}

func (s *scenario) limitAgreement(dir, bound string) error {
	d, v, err := shareLimit(dir, bound)
	if err != nil {
		return err
	}
	if err := s.chosen(false); err != nil {
		return err
	}
	for _, variant := range s.variants {
		err := s.judged(variant, func() (*accept.Judgement, error) { return s.judge.AgreementLimit(variant, d, v, bound) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *scenario) limitNetworkShare(dir, bound string) error {
	d, v, err := shareLimit(dir, bound)
	if err != nil {
		return err
	}
	l := accept.Limit{Quantity: accept.NetworkShare, Statistic: accept.Median, Direction: d, Bound: v, Text: bound}
	return s.each(func(_ accept.Variant, c grid.Combination) (*accept.Judgement, error) { return s.judge.Limit(c, l) })
}

func (s *scenario) limitCrossing(local, host, link, dir, bound string) error {
	here, err := s.local(local)
	if err != nil {
		return err
	}
	there, err := s.offload(host, link)
	if err != nil {
		return err
	}
	l, err := timeLimit("", "latency", dir, bound)
	if err != nil {
		return err
	}
	if err := s.chosen(false); err != nil {
		return err
	}
	for _, v := range s.variants {
		err := s.judged(v, func() (*accept.Judgement, error) { return s.judge.Crossing(here.of(v), there.of(v), l) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *scenario) relativeTo(stat string, l accept.RelativeLimit) error {
	st, err := accept.ParseStatistic(stat)
	if err != nil {
		return err
	}
	l.Statistic = st
	return s.each(func(_ accept.Variant, c grid.Combination) (*accept.Judgement, error) { return s.judge.Relative(c, l) })
}

func (s *scenario) withinModel(stat, by string) error {
	m, err := margin(by)
	if err != nil {
		return err
	}
	return s.relativeTo(stat, accept.RelativeLimit{Lo: 1 - m, Hi: 1 + m, Text: "within " + by})
}

func (s *scenario) aboveModel(stat, by string) error {
	m, err := share(by)
	if err != nil {
		return err
	}
	return s.relativeTo(stat, accept.RelativeLimit{Hi: 1 + m, Text: "at most " + by + " above"})
}

func (s *scenario) calibrated(stat, factor string) error {
	f, err := strconv.ParseFloat(factor, 64)
	if err != nil || !(f > 0) || math.IsInf(f, 0) {
		return fmt.Errorf("%q times the calibration time: want a number above 0", factor)
	}
	return s.relativeTo(stat, accept.RelativeLimit{Yardstick: accept.CalibrationTime, Hi: f, Text: "at most " + factor + " x"})
}

// comparison reads the end of a comparing sentence: relation, statistic,
// quantity and margin.
func (s *scenario) comparison(relation, stat, quantity, by string) (accept.Comparison, error) {
	st, err := accept.ParseStatistic(stat)
	if err != nil {
		return accept.Comparison{}, err
	}
	m, err := margin(by)
	if err != nil {
		return accept.Comparison{}, err
	}
	q := accept.Comparison{Quantity: accept.Latency, Statistic: st, Margin: m, Energy: quantity != "latency"}
	if relation != "beats" {
		q.Relation = accept.NotBeats
	}
	return q, nil
}

// spotOf reads one side of a comparison of places.
func (s *scenario) spotOf(host, link, backend string) (placed, error) {
	if backend != "" {
		return s.local(backend)
	}
	return s.offload(host, link)
}

func (s *scenario) comparePlaces(a []string) error {
	first, err := s.spotOf(a[0], a[1], a[2])
	if err != nil {
		return err
	}
	second, err := s.spotOf(a[4], a[5], a[6])
	if err != nil {
		return err
	}
	q, err := s.comparison(a[3], a[7], a[8], a[9])
	if err != nil {
		return err
	}
	if err := s.chosen(false); err != nil {
		return err
	}
	for _, v := range s.variants {
		err := s.judged(v, func() (*accept.Judgement, error) {
			q.A, q.B = first.of(v), second.of(v)
			return s.judge.Compare(q)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// compareAt sets variant a against b in each chosen place.
func (s *scenario) compareAt(q accept.Comparison, a, b accept.Variant) error {
	if len(s.places) == 0 {
		return fmt.Errorf(`no place is chosen before this sentence; add: Given the backend "..." or: Given the host "..." over the link "..."`)
	}
	q.SamePlace = true
	for _, p := range s.places {
		q.A, q.B = p.of(a), p.of(b)
		if err := s.judged(a, func() (*accept.Judgement, error) { return s.judge.Compare(q) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *scenario) compareVariants(a []string) error {
	first, err := s.judge.Variants.Named(a[0])
	if err != nil {
		return err
	}
	second, err := s.judge.Variants.Named(a[2])
	if err != nil {
		return err
	}
	q, err := s.comparison(a[1], a[3], a[4], a[5])
	if err != nil {
		return err
	}
	return s.compareAt(q, first, second)
}

// pairs calls do for every two chosen variants that differ in their
// compression alone, the first having one, the second the other.
func (s *scenario) pairs(one, other string, do func(a, b accept.Variant) error) error {
	if err := s.chosen(true); err != nil {
		return err
	}
	found := false
	for _, a := range s.variants {
		if !strings.EqualFold(a.Compression, one) {
			continue
		}
		for _, b := range s.variants {
			if strings.EqualFold(b.Compression, other) && a.Model == b.Model && a.Input == b.Input {
				found = true
				if err := do(a, b); err != nil {
					return err
				}
			}
		}
	}
	if !found {
		return fmt.Errorf("among the chosen variants no model has both the compression %q and %q", one, other)
	}
	return nil
}

func (s *scenario) compareCompressions(a []string) error {
	q, err := s.comparison(a[1], a[3], a[4], a[5])
	if err != nil {
		return err
	}
	return s.pairs(a[0], a[2], func(x, y accept.Variant) error { return s.compareAt(q, x, y) })
}

func (s *scenario) likeCompressions(a []string) error {
	q, err := s.comparison("beats", a[3], "latency", a[1])
	if err != nil {
		return err
	}
	q.Relation = accept.Alike
	return s.pairs(a[0], a[2], func(x, y accept.Variant) error { return s.compareAt(q, x, y) })
}

// overVariants calls ask once a place with the combinations of all variants.
func (s *scenario) overVariants(least int, ask func([]grid.Combination) (*accept.Judgement, error)) error {
	if err := s.chosen(true); err != nil {
		return err
	}
	if len(s.variants) < least {
		return fmt.Errorf("%d variants are chosen; this sentence needs at least %d", len(s.variants), least)
	}
	if len(s.only) > 0 {
		return fmt.Errorf(`a sentence over all variants takes no "When": choose the variants by name`)
	}
	for _, p := range s.places {
		var cs []grid.Combination
		for _, v := range s.variants {
			cs = append(cs, p.of(v))
		}
		g, err := ask(cs)
		if err != nil {
			return err
		}
		if g != nil {
			s.answer(g)
		}
	}
	return nil
}

func (s *scenario) spread(stat, quantity, dir, bound string) error {
	if stat != "" && stat != "median" {
		return fmt.Errorf("the spread is that of medians; %q is not offered", stat)
	}
	d, v, err := shareLimit(dir, bound)
	if err != nil {
		return err
	}
	return s.overVariants(2, func(cs []grid.Combination) (*accept.Judgement, error) {
		return s.judge.Spread(cs, quantities[quantity], d, v, bound)
	})
}

func axis(name string) accept.Axis {
	for _, a := range accept.Axes {
		if a.Name == name {
			return a
		}
	}
	panic("the registry offers an axis that accept lacks: " + name)
}

func (s *scenario) correlate(a []string) error {
	d, v, err := shareLimit(a[3], a[4])
	if err != nil {
		return err
	}
	if v > 1 {
		return fmt.Errorf("a correlation is at most 100 %%, not %s", a[4])
	}
	return s.overVariants(4, func(cs []grid.Combination) (*accept.Judgement, error) {
		return s.judge.Correlate(cs, axis(a[0]), axis(a[2]), a[1] != "correlates", d, v, a[4])
	})
}

func (s *scenario) growsWithInput() error {
	if err := s.chosen(true); err != nil {
		return err
	}
	families := map[string][]accept.Variant{}
	for _, v := range s.variants {
		if v.Input > 0 {
			key := v.Model + "/" + v.Compression
			families[key] = append(families[key], v)
		}
	}
	found := false
	for _, key := range slices.Sorted(maps.Keys(families)) {
		family := families[key]
		slices.SortFunc(family, func(a, b accept.Variant) int { return a.Input - b.Input })
		for i := 1; i < len(family); i++ {
			if family[i].Input == family[i-1].Input {
				continue
			}
			found = true
			q := accept.Comparison{Quantity: accept.Latency, Statistic: accept.Median}
			if err := s.compareAt(q, family[i-1], family[i]); err != nil {
				return err
			}
		}
	}
	if !found {
		return fmt.Errorf("among the chosen variants no model has two input sizes")
	}
	return nil
}
