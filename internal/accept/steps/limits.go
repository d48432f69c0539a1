package steps

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model"
)

func onlyWhenLocal(ctx context.Context, statistic, backend, direction, bound string) error {
	r := readingOf(ctx)
	p, errPlace := r.local(backend)
	l, err := timeLimit(statistic, "latency", direction, bound)
	l.Place = p
	r.only = append(r.only, l)
	return cmp.Or(errPlace, err)
}

func limitTime(ctx context.Context, statistic, quantity, direction, bound string) error {
	return readingOf(ctx).limit(timeLimit(statistic, quantity, direction, bound))
}

// limitOn returns the function of a sentence that limits one quantity.
func limitOn(
	q accept.Quantity, s results.Statistic, read func(direction, text string) (accept.Bound, error),
) func(ctx context.Context, direction, bound string) error {
	return func(ctx context.Context, direction, bound string) error {
		b, err := read(direction, bound)
		return readingOf(ctx).limit(accept.Limit{Quantity: q, Statistic: s, Bound: b}, err)
	}
}

// limit adds a limit for every chosen variant at every chosen place.
func (r *reading) limit(l accept.Limit, err error) error {
	return r.each(err, func(s accept.Subject) accept.Claim {
		l.Subject = s
		return l
	})
}

// limitRounds limits in how many rounds a statistic keeps its bound.
func limitRounds(ctx context.Context, percent, statistic, quantity, direction, bound string) error {
	share, errShare := parseShare(percent)
	if errShare == nil && !(share > 0 && share < 1) {
		errShare = fmt.Errorf("in at least %s of rounds: want more than 0 and less than 100 %%", percent)
	}
	l, err := timeLimit(statistic, quantity, direction, bound)
	return readingOf(ctx).each(cmp.Or(errShare, err), func(s accept.Subject) accept.Claim {
		l.Subject = s
		return accept.RoundsLimit{Limit: l, Share: share}
	})
}

// limitExceeding limits the share of inferences that take longer than a time.
func limitExceeding(ctx context.Context, percent, bound string) error {
	most, errShare := parseShare(percent)
	if errShare == nil && !(most > 0 && most < 0.5) {
		errShare = fmt.Errorf("no more than %s of its inferences: want more than 0 and less than 50 %%", percent)
	}
	over, err := boundOf[model.Seconds]("at most", bound)
	return readingOf(ctx).each(cmp.Or(errShare, err), func(s accept.Subject) accept.Claim {
		return accept.ExceedingLimit{Subject: s, Quantity: accept.Latency, Over: over, Most: most}
	})
}

// limitLosses limits the share of requests that are lost.
func limitLosses(ctx context.Context, percent string) error {
	most, err := parseShare(percent)
	if err == nil && !(most > 0 && most < 1) {
		err = fmt.Errorf("loses at most %s: want more than 0 and less than 100 %%;"+
			" no run can show that none is ever lost",
			percent)
	}
	return readingOf(ctx).each(err, func(s accept.Subject) accept.Claim {
		return accept.LossLimit{Subject: s, Most: most}
	})
}

func limitEnergy(ctx context.Context, modelled, quantity, direction, bound string) error {
	r := readingOf(ctx)
	read := boundOf[model.Joules]
	if quantity == "EDP" {
		read = boundOf[model.JouleSeconds]
	}
	b, errBound := read(direction, bound)
	m, err := r.energyModel()
	return r.each(cmp.Or(errBound, err), func(s accept.Subject) accept.Claim {
		return accept.EnergyLimit{Subject: s, Bound: b, EDP: quantity == "EDP", Modelled: modelled != "", Model: m}
	})
}

func limitAgreement(ctx context.Context, direction, percent string) error {
	b, err := shareBound(direction, percent)
	return readingOf(ctx).eachVariant(err, func(v accept.KnownVariant) accept.Claim {
		return accept.AgreementLimit{Variant: v, Bound: b}
	})
}

func limitCrossing(ctx context.Context, local, host, link, direction, bound string) error {
	r := readingOf(ctx)
	here, errHere := r.local(local)
	there, errThere := r.offload(host, link)
	b, err := boundOf[model.Seconds](direction, bound)
	return r.eachVariant(cmp.Or(errHere, errThere, err), func(v accept.KnownVariant) accept.Claim {
		return accept.Crossing{
			Local:     accept.Subject{Variant: v, Place: here},
			Offloaded: accept.Subject{Variant: v, Place: there}, Bound: b,
		}
	})
}

func limitToModel(ctx context.Context, statistic, percent string) error {
	m, err := parseMargin(percent)
	return limitRelative(ctx, err, statistic, accept.RelativeLimit{
		Yardstick: accept.ModelTime, Lo: 1 - m, Hi: 1 + m, Text: "within " + percent,
	})
}

func limitAboveModel(ctx context.Context, statistic, percent string) error {
	m, err := parseShare(percent)
	return limitRelative(ctx, err, statistic, accept.RelativeLimit{
		Yardstick: accept.ModelTime, Hi: 1 + m, Text: "at most " + percent + " above",
	})
}

func limitToReference(ctx context.Context, statistic, factor string) error {
	f, err := parseFactor(factor)
	return limitRelative(ctx, err, statistic, accept.RelativeLimit{
		Yardstick: accept.ReferenceNetwork, Hi: f, Text: "at most " + factor + " x",
	})
}

func limitEnergyToReference(ctx context.Context, _, quantity, factor string) error {
	m, errModel := readingOf(ctx).energyModel()
	f, err := parseFactor(factor)
	return limitRelative(ctx, cmp.Or(errModel, err), "mean", accept.RelativeLimit{
		Yardstick: accept.ReferenceNetwork, Hi: f, Text: "at most " + factor + " x",
		Energy: true, EDP: quantity == "EDP", Model: m,
	})
}

// parseFactor reads how many times the reference network's figure a limit allows.
func parseFactor(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f > 0) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("%q times that of the reference network: want a number above 0", text)
	}
	return f, nil
}

func limitRelative(ctx context.Context, errBound error, statistic string, l accept.RelativeLimit) (err error) {
	r := readingOf(ctx)
	l.Statistic, err = results.ParseStatistic(statistic)
	return r.each(cmp.Or(errBound, err), func(s accept.Subject) accept.Claim {
		l.Subject, l.Link = s, r.link(s.Place)
		return l
	})
}

func limitSpread(ctx context.Context, statistic, quantity, direction, percent string) error {
	b, err := shareBound(direction, percent)
	if statistic != "" && statistic != "median" {
		err = fmt.Errorf("the spread is that of medians; %q is not offered", statistic)
	}
	return readingOf(ctx).over(err, 2, func(s accept.Subjects) accept.Claim {
		return accept.Spread{Subjects: s, Quantity: quantities[quantity], Bound: b}
	})
}

func limitCorrelation(ctx context.Context, x, byRank, y, direction, percent string) error {
	b, err := shareBound(direction, percent)
	if b.Value > 1 {
		err = fmt.Errorf("a correlation is at most 100 %%, not %s", percent)
	}
	return readingOf(ctx).over(err, 4, func(s accept.Subjects) accept.Claim {
		return accept.Correlation{Subjects: s, X: x, Y: y, Ranks: byRank != "", Bound: b}
	})
}
