package steps

import (
	"context"
	"fmt"

	"github.com/crossover-bench/crossover/internal/accept"
)

func limitSpread(ctx context.Context, statistic, quantity, direction, percent string) error {
	if statistic != "" && statistic != "median" {
		return fmt.Errorf("the spread is that of medians; %q is not offered", statistic)
	}
	b, err := shareBound(direction, percent)
	if err != nil {
		return err
	}
	return readingOf(ctx).over(2, func(s []accept.Subject) accept.Claim {
		return accept.Spread{Subjects: s, Quantity: quantities[quantity], Bound: b}
	})
}

func limitCorrelation(ctx context.Context, x, correlates, y, direction, percent string) error {
	b, err := shareBound(direction, percent)
	if err != nil {
		return err
	}
	if b.Value > 1 {
		return fmt.Errorf("a correlation is at most 100 %%, not %s", percent)
	}
	ranks := correlates != "correlates"
	return readingOf(ctx).over(4, func(s []accept.Subject) accept.Claim {
		return accept.Correlation{Subjects: s, X: x, Y: y, Ranks: ranks, Bound: b}
	})
}
