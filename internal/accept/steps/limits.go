package steps

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/model"
)

func onlyWhenLocal(ctx context.Context, statistic, backend, direction, bound string) error {
	r := readingOf(ctx)
	p, err := r.local(backend)
	if err != nil {
		return err
	}
	l, err := timeLimit(statistic, "latency", direction, bound)
	if err != nil {
		return err
	}
	r.only = append(r.only, condition{p, l})
	return nil
}

func limitTime(ctx context.Context, statistic, quantity, direction, bound string) error {
	l, err := timeLimit(statistic, quantity, direction, bound)
	if err != nil {
		return err
	}
	return limitEach(ctx, l)
}

// limitEach adds a limit for every chosen variant at every chosen place.
func limitEach(ctx context.Context, l accept.Limit) error {
	return readingOf(ctx).each(func(s accept.Subject) accept.Claim {
		l.Subject = s
		return l
	})
}

func limitEnergy(ctx context.Context, modelled, quantity, direction, bound string) (err error) {
	l := accept.EnergyLimit{EDP: quantity == "EDP", Modelled: modelled != ""}
	if l.EDP {
		l.Bound, err = boundOf[model.JouleSeconds](direction, bound)
	} else {
		l.Bound, err = boundOf[model.Joules](direction, bound)
	}
	if err != nil {
		return err
	}
	r := readingOf(ctx)
	if l.Model, err = r.energyModel(); err != nil {
		return err
	}
	return r.each(func(s accept.Subject) accept.Claim {
		l.Subject = s
		return l
	})
}

func limitPayload(ctx context.Context, direction, bound string) error {
	b, err := boundOf[model.Bytes](direction, bound)
	if err != nil {
		return err
	}
	return limitEach(ctx, accept.Limit{Quantity: accept.Payload, Statistic: accept.Mean, Bound: b})
}

func limitMemory(ctx context.Context, direction, bound string) error {
	b, err := boundOf[model.Bytes](direction, bound)
	if err != nil {
		return err
	}
	return limitEach(ctx, accept.Limit{Quantity: accept.Memory, Statistic: accept.Median, Bound: b})
}

func limitNetworkShare(ctx context.Context, direction, percent string) error {
	b, err := shareBound(direction, percent)
	if err != nil {
		return err
	}
	return limitEach(ctx, accept.Limit{Quantity: accept.NetworkShare, Statistic: accept.Median, Bound: b})
}

func limitAgreement(ctx context.Context, direction, percent string) error {
	b, err := shareBound(direction, percent)
	if err != nil {
		return err
	}
	return readingOf(ctx).eachVariant(func(v accept.KnownVariant) accept.Claim {
		return accept.AgreementLimit{Variant: v, Bound: b}
	})
}

func limitCrossing(ctx context.Context, local, host, link, direction, bound string) error {
	r := readingOf(ctx)
	here, err := r.local(local)
	if err != nil {
		return err
	}
	there, err := r.offload(host, link)
	if err != nil {
		return err
	}
	b, err := boundOf[model.Seconds](direction, bound)
	if err != nil {
		return err
	}
	return r.eachVariant(func(v accept.KnownVariant) accept.Claim {
		return accept.Crossing{
			Local: accept.Subject{Variant: v, Place: here}, Offloaded: accept.Subject{Variant: v, Place: there}, Bound: b,
		}
	})
}

func limitToModel(ctx context.Context, statistic, percent string) error {
	m, err := parseMargin(percent)
	if err != nil {
		return err
	}
	return limitRelative(ctx, statistic, accept.RelativeLimit{
		Yardstick: accept.ModelTime, Lo: 1 - m, Hi: 1 + m, Text: "within " + percent,
	})
}

func limitAboveModel(ctx context.Context, statistic, percent string) error {
	m, err := parseShare(percent)
	if err != nil {
		return err
	}
	return limitRelative(ctx, statistic, accept.RelativeLimit{
		Yardstick: accept.ModelTime, Hi: 1 + m, Text: "at most " + percent + " above",
	})
}

func limitToCalibration(ctx context.Context, statistic, factor string) error {
	f, err := strconv.ParseFloat(factor, 64)
	if err != nil || !(f > 0) || math.IsInf(f, 0) {
		return fmt.Errorf("%q times the calibration time: want a number above 0", factor)
	}
	return limitRelative(ctx, statistic, accept.RelativeLimit{
		Yardstick: accept.CalibrationTime, Hi: f, Text: "at most " + factor + " x",
	})
}

func limitRelative(ctx context.Context, statistic string, l accept.RelativeLimit) (err error) {
	if l.Statistic, err = accept.ParseStatistic(statistic); err != nil {
		return err
	}
	r := readingOf(ctx)
	return r.each(func(s accept.Subject) accept.Claim {
		l.Subject, l.Link = s, r.link(s.Place)
		return l
	})
}
