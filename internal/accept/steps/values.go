package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/cucumber/godog"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model"
)

// directions are the choices of BOUND. A measured time never equals its bound, so "below" and "at
// most" are the same.
var directions = map[string]accept.Direction{
	"at most": accept.AtMost, "below": accept.AtMost, "at least": accept.AtLeast, "above": accept.AtLeast,
}

// quantities are the choices of QUANTITY.
var quantities = map[string]accept.Quantity{
	"latency":         accept.Latency,
	"execution time":  accept.Execution,
	"network time":    accept.Network,
	"queueing time":   accept.Queueing,
	"opening time":    accept.Opening,
	"first inference": accept.First,
}

// boundOf reads a bound on a quantity with a unit.
func boundOf[Q model.Quantity](direction, text string) (accept.Bound, error) {
	v, err := parseQuantity[Q](text)
	return accept.Bound{Direction: directions[direction], Value: float64(v), Text: text}, err
}

// shareBound reads a bound in percent.
func shareBound(direction, text string) (accept.Bound, error) {
	v, err := parseShare(text)
	return accept.Bound{Direction: directions[direction], Value: v, Text: text}, err
}

// parseQuantity reads a quantity as people write it, "31 ms" as well as "31ms".
func parseQuantity[Q model.Quantity](text string) (Q, error) {
	v, err := model.Parse[Q](strings.ReplaceAll(text, " ", ""))
	if err != nil {
		err = fmt.Errorf("the limit %q: %w", text, err)
	}
	return v, err
}

// parseShare reads "10 %" as 0.1.
func parseShare(text string) (float64, error) {
	number, ok := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil || !(v >= 0) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a share; write it in percent, such as 10 %%", text)
	}
	return v / 100, nil
}

// parseMargin reads an optional share below one.
func parseMargin(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	m, err := parseShare(text)
	if m >= 1 {
		err = fmt.Errorf("by at least %s: nothing can be faster by 100 %% or more", text)
	}
	return m, err
}

// timeLimit reads a limit on a time; its subject is still to be set.
func timeLimit(statistic, quantity, direction, bound string) (accept.Limit, error) {
	st, errStatistic := results.ParseStatistic(statistic)
	b, err := boundOf[model.Seconds](direction, bound)
	q := quantities[quantity]
	if q.Once() && !st.Mean && st != results.Median {
		err = fmt.Errorf("%s %s: it happens once a round, so a round has no percentile of it", statistic, quantity)
	}
	return accept.Limit{Quantity: q, Statistic: st, Bound: b}, cmp.Or(errStatistic, err)
}

// eachRow returns the function of a sentence that stands for one sentence a row of its table.
func eachRow(read func(ctx context.Context, name string) error) func(context.Context, *godog.Table) error {
	return func(ctx context.Context, t *godog.Table) error {
		if t == nil || len(t.Rows) == 0 {
			return errors.New("the sentence needs a table below it, one name per row")
		}
		for _, r := range t.Rows {
			if len(r.Cells) != 1 {
				return fmt.Errorf("the table has %d columns; want one name per row", len(r.Cells))
			}
			if err := read(ctx, r.Cells[0].Value); err != nil {
				return err
			}
		}
		return nil
	}
}
