package generate

// site is a place people and services read from. networks.yaml describes the
// same places to Watchglass; the policy test holds that both agree.
type site struct {
	name    string
	country string
	prefix  string // of addresses: two more numbers follow
	utc     int    // offset of local time in hours, the same all year
	home    string // prefix of registered home connections; one number follows. "" where there are none
	cloud   bool   // services: no working hours
}

func sites() []site {
	return []site{
		{name: "mountain-view", country: "US", prefix: "10.20.", utc: -8, home: "198.18.7."},
		{name: "austin", country: "US", prefix: "10.21.", utc: -6, home: "198.18.7."},
		{name: "dublin", country: "IE", prefix: "10.30.", utc: 0, home: "3fff:0:1e::"},
		{name: "london", country: "GB", prefix: "10.31.", utc: 0, home: "3fff:0:44::"},
		{name: "singapore", country: "SG", prefix: "10.40.", utc: 8, home: "3fff:0:65::"},
		{name: "tokyo", country: "JP", prefix: "10.41.", utc: 9},
		{name: "manila", country: "PH", prefix: "10.45.", utc: 8},
		{name: "beijing", country: "CN", prefix: "10.60.", utc: 8},
		{name: "shanghai", country: "CN", prefix: "10.61.", utc: 8},
		{name: "us-east-1", country: "US", prefix: "10.128.", cloud: true},
		{name: "us-west-1", country: "US", prefix: "10.130.", cloud: true},
		{name: "eu-west-1", country: "IE", prefix: "10.132.", cloud: true},
		{name: "ap-southeast-1", country: "SG", prefix: "10.136.", cloud: true},
		{name: "portal-us", country: "US", prefix: "10.70.", utc: -5},
		{name: "portal-ie", country: "IE", prefix: "10.71.", utc: 0},
	}
}

const (
	// vpnForwarding is a pool of a VPN concentrator that says who its client
	// is; one number follows.
	vpnForwarding = "10.99.4."
	// vpnBlind is a pool that does not: whoever comes from there may sit
	// anywhere.
	vpnBlind = "10.98.7."
)

// activity is how busy people are at an hour of their local day, in percent.
func activity(localHour int, weekend bool) int {
	level := 3
	switch {
	case localHour >= 9 && localHour <= 16:
		level = 100
	case localHour == 8 || localHour == 17:
		level = 60
	case localHour == 7 || localHour == 18 || localHour == 19:
		level = 20
	}
	if weekend {
		level = (level + 9) / 10
	}
	return level
}
