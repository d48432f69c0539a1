package steps

import (
	"context"
	"fmt"

	"github.com/crossover-bench/crossover/internal/accept"
)

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
