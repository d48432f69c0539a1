//go:build !linux

package survey

import "errors"

func wireless(string) (*Wireless, error) {
	return nil, errors.New("the state of Wi-Fi is read on Linux only")
}
