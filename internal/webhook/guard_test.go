package webhook_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/watchglass/watchglass/internal/webhook"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	allow := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}
	guard := webhook.NewGuard(allow)
	for addr, ok := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "172.15.255.255": true, "172.32.0.0": true, "11.0.0.0": true, "100.63.255.255": true, "100.128.0.0": true,
		"169.253.255.255": true, "198.17.255.255": true, "223.255.255.255": true, "168.63.129.15": true,
		"127.0.0.1": false, "127.255.255.254": false, "::1": false, "0.0.0.0": false, "0.1.2.3": false, "::": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "fd00:2::1": false, "fc00::1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false, "100.100.100.200": false, "168.63.129.16": false, "192.0.0.192": false,
		"224.0.0.1": false, "ff02::1": false, "255.255.255.255": false, "240.0.0.1": false, "192.0.2.1": false, "198.18.0.1": false, "2001:db8::1": false, "fec0::1": false,
		// An IPv4 address in an IPv6 coat is what it is underneath.
		"::ffff:127.0.0.1": false, "::ffff:8.8.8.8": true, "64:ff9b::7f00:1": false, "64:ff9b::808:808": true,
		"64:ff9b::a9fe:a9fe": false, "2002:a00:1::": false, "2002:808:808::1": true, "::10.0.0.1": false, "2001:0:808:808::1": false,
		// Allowed, and its neighbours.
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.0": false, "fd00:1::5": true,
	} {
		err := guard.Check(netip.MustParseAddr(addr))
		if (err == nil) != ok {
			t.Errorf("%s: %v, want it allowed: %v", addr, err, ok)
		}
		var forbidden *webhook.ForbiddenError
		if err != nil && !errors.As(err, &forbidden) {
			t.Errorf("%s: error of type %T", addr, err)
		}
	}
}
