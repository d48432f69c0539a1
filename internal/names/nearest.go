package names

import (
	"fmt"
	"strings"
)

// Unknown says that a word is unknown, which known one is near, and lists them all.
func Unknown(what, word string, known []string) string {
	message := fmt.Sprintf("unknown %s %q", what, word)
	if near := Nearest(word, known); near != "" {
		return fmt.Sprintf("%s; did you mean %q? Known: %s", message, near, strings.Join(known, ", "))
	}
	return message + ". Known: " + strings.Join(known, ", ")
}

// Nearest returns the known word closest to word by edit distance, whatever their capitals, or ""
// if none is close enough to be what was meant.
func Nearest(word string, known []string) string {
	best, bestDistance := "", max(2, len(word)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance is the optimal string alignment distance in bytes: Levenshtein's, with two neighbours
// that changed places counted as one slip.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			d[i][j] = min(change, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
