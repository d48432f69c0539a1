package load

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// An arrival is when a request is due, and whose it is.
type arrival struct {
	at     time.Duration // since the block's start
	tenant int           // index of the tenant
}

// arrivals draws the requests at a rate, in the order in which they are due, until length. Poisson
// arrivals have exponential gaps: each request comes from one of very many independent users, and
// knows nothing of the one before. Constant arrivals are evenly spaced. A request is a tenant's with
// the probability of its share, so that each tenant's arrivals are Poisson, too.
func arrivals(rate float64, poisson bool, length time.Duration, shares []int, rng *rand.Rand) []arrival {
	sum := 0
	for _, s := range shares {
		sum += s
	}
	gap := float64(time.Second) / rate
	all := make([]arrival, 0, int(rate*length.Seconds()*1.1)+16)
	for at, i := 0.0, 0; ; i++ {
		if poisson {
			at += rng.ExpFloat64() * gap
		} else {
			at = float64(i) * gap
		}
		if at >= float64(length) {
			return all
		}
		all = append(all, arrival{time.Duration(at), pick(shares, rng.IntN(sum))})
	}
}

// pick returns the index of the share that the n-th part, from 0, belongs to.
func pick(shares []int, n int) int {
	for i, s := range shares {
		if n < s {
			return i
		}
		n -= s
	}
	panic(fmt.Sprintf("load: part %d is beyond the shares %v", n, shares))
}
