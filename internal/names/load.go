package names

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Load is how a load generator asked a host: crossover load. Each key is optional; the zero Load
// is that of every other run, one client that asks again when it has its answer. An open loop has a
// rate, a closed loop has clients.
type Load struct {
	Rate    string `json:"rate,omitempty"`    // arrivals per second, of all tenants together: "50"
	Clients string `json:"clients,omitempty"` // of each tenant: "4"
	Tenant  string `json:"tenant,omitempty"`  // whose requests these are, if there are several
}

// loadKeys are the keys of a load in a combination's name, in their order.
var loadKeys = []string{"rate", "clients", "tenant"}

func (l *Load) fields() []*string { return []*string{&l.Rate, &l.Clients, &l.Tenant} }

// suffix returns what the load adds to a combination's name: "/rate=50/tenant=b", or "".
func (l Load) suffix() string {
	var b strings.Builder
	for i, value := range l.fields() {
		if *value != "" {
			b.WriteString("/" + loadKeys[i] + "=" + *value)
		}
	}
	return b.String()
}

// String returns the load as people read it: "at 50/s for tenant b", or "" for the zero Load.
func (l Load) String() string {
	var words []string
	for _, w := range []struct{ before, value, after string }{
		{"at ", l.Rate, "/s"}, {"with ", l.Clients, " clients"}, {"for tenant ", l.Tenant, ""},
	} {
		switch {
		case w.value == "1" && w.after == " clients":
			words = append(words, "with 1 client")
		case w.value != "":
			words = append(words, w.before+w.value+w.after)
		}
	}
	return strings.Join(words, " ")
}

var loadForm = regexp.MustCompile(
	`^(?:(?:at )?([0-9.]+)/s|(?:with )?([1-9][0-9]{0,5}) clients?)?(?: ?for tenant (` + word + `))?$`)

// ParseLoad reads a load as people write it: "50/s", "4 clients", "at 50/s for tenant b".
func ParseLoad(text string) (Load, error) {
	m := loadForm.FindStringSubmatch(text)
	if m == nil || text == "" {
		return Load{}, fmt.Errorf("load %q: want a rate such as 50/s, or 4 clients, and of several tenants "+
			"50/s for tenant NAME", text)
	}
	l := Load{Clients: m[2], Tenant: m[3]}
	if m[1] != "" {
		r, err := ParseRate(m[1])
		if err != nil {
			return Load{}, err
		}
		l.Rate = Rate(r)
	}
	return l, nil
}

// parseLoad reads the keys that follow a link in a combination's name. They come in their order.
func parseLoad(text string) (l Load, ok bool) {
	next := 0
	for part := range strings.SplitSeq(text, "/") {
		key, value, found := strings.Cut(part, "=")
		for next < len(loadKeys) && loadKeys[next] != key {
			next++
		}
		if !found || value == "" || next == len(loadKeys) {
			return Load{}, false
		}
		*l.fields()[next] = value
		next++
	}
	return l, true
}

// Rate returns the spelling of a rate in arrivals per second: "12.5".
func Rate(perSecond float64) string { return strconv.FormatFloat(perSecond, 'f', -1, 64) }

var rateForm = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,6})?(/s)?$`)

// ParseRate reads a rate as people write it, in arrivals per second: "50" or "12.5/s".
func ParseRate(text string) (float64, error) {
	r, err := strconv.ParseFloat(strings.TrimSuffix(text, "/s"), 64)
	if !rateForm.MatchString(text) || err != nil || r <= 0 {
		return 0, fmt.Errorf("rate %q: want arrivals per second above 0, such as 50 or 12.5/s", text)
	}
	return r, nil
}

// CheckTenant returns an error if a tenant's name is not one that a combination's name can hold.
func CheckTenant(name string) error {
	if !hostName.MatchString(name) {
		return fmt.Errorf("tenant name %q: want lower-case letters and digits, in words joined by -", name)
	}
	return nil
}
