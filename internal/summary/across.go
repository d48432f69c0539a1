package summary

import "slices"

// Across returns one value per round over several combinations: of is given their figures of a round
// in the order of the series. It takes the rounds in which every series has a figure. A claim over
// variants is then judged on rounds like any other.
func Across(series []*Series, of func(figures []float64) float64) Series {
	out := Series{Statistic: series[0].Statistic, Least: series[0].Least}
	for _, s := range series {
		out.Samples += s.Samples
		out.Left += s.Left
		// A round that is short twice counts twice, which errs on the safe side.
		if s.Short > 0 && (out.Short == 0 || s.Fewest < out.Fewest) {
			out.Fewest = s.Fewest
		}
		out.Short += s.Short
	}
	for _, round := range series[0].Rounds {
		var figures []float64
		for _, s := range series {
			if v, ok := s.At(round); ok {
				figures = append(figures, v)
			}
		}
		if len(figures) == len(series) {
			out.Rounds, out.Values = append(out.Rounds, round), append(out.Values, of(slices.Clip(figures)))
		}
	}
	return out
}
