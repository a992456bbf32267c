package config

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// minKeyBytes is the least that an HMAC key may hold: 128 bits.
const minKeyBytes = 16

// check is what no single value can tell.
func (d *decoder) check(cfg *Config) {
	if len(d.problems) > 0 {
		return // they would only repeat themselves
	}
	d.checkKafka(cfg.Kafka)
	d.checkAddresses("clickhouse.addresses", cfg.ClickHouse.Addresses)
	if cfg.ClickHouse.Engine == "plain" && len(cfg.ClickHouse.Addresses) > 1 {
		d.problem(d.where["clickhouse.addresses"], "clickhouse.addresses", "several need clickhouse.engine: replicated: plain tables drop a repeated insert only on the server that got the first")
	}
	d.checkTLS("clickhouse.tls", cfg.ClickHouse.TLS)
	d.checkRetention(cfg.ClickHouse.Retention)
	if cfg.HTTP.Listen != "" {
		d.checkAddress("http.listen", cfg.HTTP.Listen)
	}
	d.checkUnique("policy.protected_keys", len(cfg.Policy.ProtectedKeys), func(i int) string { return cfg.Policy.ProtectedKeys[i].ID })
	for i, k := range cfg.Policy.ProtectedKeys {
		d.checkKey("policy.protected_keys["+strconv.Itoa(i)+"].key", k.Key)
	}
	d.checkUnique("alerts.destinations", len(cfg.Alerts.Destinations), func(i int) string { return cfg.Alerts.Destinations[i].Name })
	d.checkDestinations(cfg.Alerts.Destinations)
	if incident := cfg.Alerts.Incident; incident.AccessorReference == "hash" {
		d.checkKey("alerts.incident.id_key", incident.IDKey)
	}
}

func (d *decoder) checkKafka(k Kafka) {
	d.checkAddresses("kafka.brokers", k.Brokers)
	d.checkTLS("kafka.tls", k.TLS)
	if k.SASL.Mechanism != "none" {
		if k.SASL.Username == "" {
			d.problem(d.near("kafka.sasl.username", "kafka.sasl"), "kafka.sasl.username", "is missing: mechanism %s needs it", k.SASL.Mechanism)
		}
		if !k.SASL.Password.IsSet() {
			d.problem(d.near("kafka.sasl.password", "kafka.sasl"), "kafka.sasl.password", "is missing: mechanism %s needs it", k.SASL.Mechanism)
		}
	}
	if k.Heartbeat*3 > k.Session {
		d.problem(d.near("kafka.heartbeat_interval", "kafka.session_timeout"), "kafka.heartbeat_interval", "is over a third of kafka.session_timeout: one lost heartbeat would cost the partitions")
	}
	names := []string{k.Topics.Alerts, k.Topics.Incidents, k.Topics.IncidentState, k.Topics.Notifications, k.Topics.Deliveries, k.Topics.Dead}
	for _, t := range k.Topics.AccessEvents {
		names = append(names, t.Name)
	}
	d.checkUnique("kafka.topics", len(names), func(i int) string { return names[i] })
}

func (d *decoder) checkRetention(r Retention) {
	check := func(key string, kept time.Duration) {
		if kept%day != 0 {
			d.problem(d.where[key], key, "wants whole days, such as 90d")
		}
	}
	const section = "clickhouse.retention."
	check(section+"events", r.Events)
	check(section+"subject_ids", r.SubjectIDs)
	check(section+"alerts", r.Alerts)
	check(section+"dead_letters", r.DeadLetters)
	for category, kept := range r.Categories {
		check(section+"categories."+category, kept)
	}
}

func (d *decoder) checkDestinations(destinations []Destination) {
	for i, one := range destinations {
		key := "alerts.destinations[" + strconv.Itoa(i) + "]"
		for j, network := range one.AllowNetworks {
			if _, err := netip.ParsePrefix(network); err != nil {
				path := key + ".allow_networks[" + strconv.Itoa(j) + "]"
				d.problem(d.where[path], path, "not a network: write an address and its prefix, such as 10.1.0.0/16")
			}
		}
		if strings.HasPrefix(one.URL.Reveal(), "http:") && !one.AllowHTTP {
			d.problem(d.where[key+".url"], key+".url", "is plain http: use https, or add allow_http: true")
		}
	}
}

func (d *decoder) checkAddresses(key string, addresses []string) {
	for i, address := range addresses {
		d.checkAddress(key+"["+strconv.Itoa(i)+"]", address)
	}
}

func (d *decoder) checkAddress(key, address string) {
	_, port, err := net.SplitHostPort(address)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
		d.problem(d.where[key], key, "not an address: write host:port")
	}
}

func (d *decoder) checkTLS(key string, t TLS) {
	if (t.CertFile == "") != (t.KeyFile == "") {
		d.problem(d.where[key], key, "cert_file and key_file go together")
	}
	if !t.Enabled && (t.CAFile != "" || t.CertFile != "" || t.ServerName != "") {
		d.problem(d.where[key], key, "is set up, but not enabled: add enabled: true")
	}
}

func (d *decoder) checkKey(key string, secret Secret) {
	if len(secret.Reveal()) < minKeyBytes {
		d.problem(d.near(key, "alerts.incident"), key, "is shorter than %d bytes: openssl rand -hex 32 makes one", minKeyBytes)
	}
}

func (d *decoder) checkUnique(key string, n int, nameOf func(int) string) {
	seen := map[string]bool{}
	for i := range n {
		if one := nameOf(i); seen[one] {
			d.problem(d.where[key], key, "%q stands here twice", one)
		} else {
			seen[one] = true
		}
	}
}

// near returns where the first of several keys stands that the file sets.
func (d *decoder) near(keys ...string) position {
	for _, key := range keys {
		if pos, ok := d.where[key]; ok {
			return pos
		}
	}
	return position{}
}
