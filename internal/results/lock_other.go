//go:build !unix

package results

// lockFile does nothing where there is no flock: one writer a run is then the
// user's own care.
func lockFile(file) error { return nil }
