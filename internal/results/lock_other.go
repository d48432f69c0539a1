//go:build !unix

package results

// lockFile does nothing on a system without flock: there the user must not start two writers of one
// run.
func lockFile(file) error { return nil }
