package survey

import (
	"errors"
	"fmt"
	"os"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"github.com/mdlayher/wifi"
	"golang.org/x/sys/unix"
)

// wireless asks the kernel for the state of a Wi-Fi interface.
func wireless(name string) (*Wireless, error) {
	c, err := wifi.New()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	interfaces, err := c.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, i := range interfaces {
		if i.Name != name {
			continue
		}
		w := &Wireless{MHz: i.Frequency, Channel: channel(i.Frequency)}
		stations, err := c.StationInfo(i)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		if len(stations) > 0 {
			s := stations[0]
			w.SignalDBm, w.BitRateUp, w.BitRateDown = s.Signal, s.TransmitBitrate, s.ReceiveBitrate
		}
		w.PowerSave = powerSave(i.Index)
		return w, nil
	}
	return nil, fmt.Errorf("it is not a Wi-Fi interface")
}

// powerSave asks nl80211 directly, because the library has no call for it. A driver need not
// answer.
func powerSave(index int) string {
	c, err := genetlink.Dial(nil)
	if err != nil {
		return "unknown"
	}
	defer c.Close()
	family, err := c.GetFamily(unix.NL80211_GENL_NAME)
	if err != nil {
		return "unknown"
	}
	request := netlink.NewAttributeEncoder()
	request.Uint32(unix.NL80211_ATTR_IFINDEX, uint32(index))
	data, err := request.Encode()
	if err != nil {
		return "unknown"
	}
	answers, err := c.Execute(genetlink.Message{
		Header: genetlink.Header{Command: unix.NL80211_CMD_GET_POWER_SAVE, Version: family.Version}, Data: data,
	}, family.ID, netlink.Request)
	if err != nil || len(answers) == 0 {
		return "unknown"
	}
	return powerSaveOf(answers[0].Data)
}

// powerSaveOf reads nl80211's answer.
func powerSaveOf(data []byte) string {
	answer, err := netlink.NewAttributeDecoder(data)
	if err != nil {
		return "unknown"
	}
	for answer.Next() {
		if answer.Type() == unix.NL80211_ATTR_PS_STATE {
			if answer.Uint32() == unix.NL80211_PS_ENABLED {
				return "on"
			}
			return "off"
		}
	}
	return "unknown"
}
