package machine

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Fingerprint is the part of a machine that makes two results comparable: if fingerprints are
// equal, a difference between results comes from what was measured. It does not contain kernel,
// load, temperature and the like, which are recorded in the Snapshot.
type Fingerprint struct {
	CPU       string   `json:"cpu"`
	Board     string   `json:"board,omitempty"`
	OS        string   `json:"os"`
	Arch      string   `json:"arch"`
	Cores     int      `json:"cores"`  // online
	Usable    int      `json:"usable"` // by this process
	SMT       string   `json:"smt"`    // "on", "off", "unseen"
	Quota     string   `json:"quota"`  // processors, or "none"
	MemoryGiB int      `json:"memory_gib"`
	Virtual   string   `json:"virtual,omitempty"`
	Governors []string `json:"governors,omitempty"`
	MaxMHz    int      `json:"max_mhz,omitempty"` // 0 if unknown
	Boost     string   `json:"boost"`             // "on", "off", "unseen"
}

// Fingerprint returns the comparable part of s.
func (s *Snapshot) Fingerprint() Fingerprint {
	f := Fingerprint{
		CPU: s.CPU, Board: s.Board, OS: s.OS, Arch: s.Arch, Cores: s.Cores, Usable: s.Usable,
		SMT: spell(s.SMT), Boost: spell(s.Boost), Quota: "none", Virtual: s.Virtual, Governors: slices.Clone(s.Governors),
	}
	if s.Quota != nil {
		f.Quota = fmt.Sprintf("%.2f", *s.Quota)
	}
	if s.MemoryBytes != nil {
		// Rounded, because the kernel reserves some memory, and not always as much.
		f.MemoryGiB = int(math.Round(float64(*s.MemoryBytes) / (1 << 30)))
	}
	if s.MaxHz != nil {
		f.MaxMHz = int(math.Round(*s.MaxHz / 1e6))
	}
	return f
}

func spell(b *bool) string {
	switch {
	case b == nil:
		return "unseen"
	case *b:
		return "on"
	}
	return "off"
}

// String returns the fingerprint as bench.txt has it after "machine:": a readable part and eight
// digits of a hash over all of it, without blanks.
func (f Fingerprint) String() string {
	name := f.Board
	if name == "" || f.Virtual != "" {
		name = f.CPU
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	slug := cmp.Or(strings.Join(words, "-"), "unknown")
	if f.Virtual != "" {
		slug += "-vm"
	}
	text, err := json.Marshal(f)
	if err != nil { // strings and integers always marshal
		panic(err)
	}
	return fmt.Sprintf("%s-%dc-%dg-%.4x", slug, f.Usable, f.MemoryGiB, sha256.Sum256(text))
}
