package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/test/engines"
)

// The password of the users watchglass of Kafka and ClickHouse.
const password = "correct-horse-battery-staple"

// TestEncryptedAndLoggedIn works with a Kafka and a ClickHouse that let nobody
// in without TLS and a login, and with the rights of docs/operations.md alone.
func TestEncryptedAndLoggedIn(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	kafka := secureKafka(t, ca, password)
	database := engines.OwnClickHouse(t, embedded.ClickHouseConfig{Users: `<watchglass>
		<password>` + password + `</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
	</watchglass>`})
	caFile, wrong := file(t, "ca.pem", ca.pem), file(t, "stranger.pem", stranger.pem)
	passwordFile, mistyped := file(t, "password", password+"\n"), file(t, "mistyped", "mistyped-secret")
	cert, key := ca.issue("watchglass")
	certFile, keyFile := file(t, "client.pem", cert), file(t, "client.key", key)

	login := func(mechanism, user, secret string) string {
		return fmt.Sprintf("sasl: {mechanism: %s, username: %s, password: \"file:%s\"}", mechanism, user, secret)
	}
	trust := func(ca string) string { return fmt.Sprintf("tls: {enabled: true, ca_file: %s}", ca) }
	through := ca.encrypted(database.Native())
	installed := func(t *testing.T, listener, lines string) *fleet {
		t.Helper()
		f := newFleet(t, site{
			brokers: kafka.Addrs(), seed: kafka.Listener(listener), kafka: "create_topics: false\n" + lines,
			native: database.Native(), through: through,
			clickhouse: trust(caFile) + "\nusername: watchglass\npassword: file:" + passwordFile,
		})
		f.createTopics(2)
		f.grant()
		return f
	}

	for name, c := range map[string]struct{ listener, lines string }{
		"plain":         {logins, trust(caFile) + "\n" + login("plain", "watchglass", passwordFile)},
		"scram-sha-256": {logins, trust(caFile) + "\n" + login("scram-sha-256", "watchglass", passwordFile)},
		"scram-sha-512": {logins, trust(caFile) + "\n" + login("scram-sha-512", "watchglass", passwordFile)},
		"certificate":   {certificates, fmt.Sprintf("tls: {enabled: true, ca_file: %s, cert_file: %s, key_file: %s}", caFile, certFile, keyFile)},
	} {
		t.Run(name, func(t *testing.T) {
			f := installed(t, c.listener, c.lines)
			f.migrate()
			f.command("check", "--config", f.config, "--connect")
			w := f.start()
			f.generate(500, 7)
			f.until(countRows, 500)
			f.exact(500)
			w.stop(t)
		})
	}
	for name, c := range map[string]struct{ listener, lines, want string }{
		"wrong password, plain":   {logins, trust(caFile) + "\n" + login("plain", "watchglass", mistyped), "check kafka.sasl"},
		"wrong password, scram":   {logins, trust(caFile) + "\n" + login("scram-sha-512", "watchglass", mistyped), "check kafka.sasl"},
		"no rights":               {logins, trust(caFile) + "\n" + login("plain", "nobody", passwordFile), "kafka.sasl.username"},
		"certificate not trusted": {logins, trust(wrong) + "\n" + login("plain", "watchglass", passwordFile), "kafka.tls.ca_file"},
	} {
		t.Run(name, func(t *testing.T) {
			f := installed(t, c.listener, c.lines)
			f.refuses(1, c.want)
			code, text := f.run("check", "--config", f.config, "--connect")
			if code != 1 || !strings.Contains(text, c.want) {
				t.Errorf("check --connect exits with %d, want 1 and %q:\n%s", code, c.want, text)
			}
		})
	}
	t.Run("clickhouse's certificate not trusted", func(t *testing.T) {
		f := newFleet(t, site{
			brokers: kafka.Addrs(), native: database.Native(), through: through,
			clickhouse: trust(wrong) + "\nusername: watchglass\npassword: file:" + passwordFile,
		})
		f.refuses(1, "clickhouse.tls")
	})
}
