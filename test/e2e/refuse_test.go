package e2e

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/segmentio/kafka-go"
)

// refuses runs a worker that must end by itself with an exit code, say what
// is wrong, and print no secret.
func (f *fleet) refuses(code int, wants ...string) {
	f.t.Helper()
	path, err := program()
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, path, "run", "--config", f.config)
	out, err := c.CombinedOutput()
	text := string(out)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != code {
		f.t.Errorf("run: %v, want exit code %d", err, code)
	}
	_, message, _ := strings.Cut(text, "error: ")
	for _, want := range wants {
		if !strings.Contains(message, want) {
			f.t.Errorf("the error does not say %q", want)
		}
	}
	for _, secret := range []string{password, "mistyped-secret"} {
		if strings.Contains(text, secret) {
			f.t.Error("a secret is printed")
		}
	}
	if f.t.Failed() {
		f.t.Logf("%s", text)
	}
}

func TestRefusesToStart(t *testing.T) {
	t.Run("missing topic that may not be created", func(t *testing.T) {
		f := newFleet(t, site{kafka: "create_topics: false"})
		f.migrate()
		f.createTopic(1)
		f.refuses(1, `topic "`+f.name+`-`, "kafka.create_topics: true")
	})
	t.Run("not migrated", func(t *testing.T) {
		f := newFleet(t, site{})
		f.refuses(1, "database "+f.name, "run `watchglass migrate`")
	})
	t.Run("older schema", func(t *testing.T) {
		f := newFleet(t, site{})
		f.migrate()
		f.exec("ALTER TABLE {db}.schema_migrations DELETE WHERE number = (SELECT max(number) FROM {db}.schema_migrations) SETTINGS mutations_sync = 2")
		f.refuses(1, "database "+f.name, "run `watchglass migrate`")
	})
	t.Run("windows too small", func(t *testing.T) {
		f := newFleet(t, site{})
		f.migrate()
		f.exec("ALTER TABLE {db}.access_events MODIFY SETTING non_replicated_deduplication_window = 100")
		f.refuses(1, "ALTER TABLE "+f.name+".access_events MODIFY SETTING non_replicated_deduplication_window = 100000")
	})
	t.Run("no fence", func(t *testing.T) {
		f := newFleet(t, site{})
		f.migrate()
		f.exec("ALTER TABLE {db}.access_events DROP CONSTRAINT fence")
		f.refuses(1, f.name+".access_events has no constraint `fence`")
	})
	t.Run("wrong clickhouse password", func(t *testing.T) {
		f := newFleet(t, site{through: refusing(t), clickhouse: "username: watchglass\npassword: file:" + file(t, "mistyped", "mistyped-secret")})
		f.refuses(1, "check clickhouse.username and clickhouse.password")
	})
	t.Run("configuration", func(t *testing.T) {
		f := newFleet(t, site{kafka: "brokrs: [here]\npartitins: 3", extra: "access: {max_block_rows: 0}"})
		f.refuses(2, "watchglass.yaml:", `kafka.brokrs: unknown key: did you mean "brokers"?`, "kafka.partitins", "access.max_block_rows")
	})
	t.Run("secret in the file", func(t *testing.T) {
		f := newFleet(t, site{clickhouse: "password: mistyped-secret"})
		f.refuses(2, "clickhouse.password")
	})
	t.Run("policy and rules", func(t *testing.T) {
		for name, c := range map[string]struct{ file, text, want string }{
			"policy": {"networks.yaml", "version: 1\ntrusted: []\n", "networks.yaml:2:1: "},
			"rule":   {"rules/bad.yml", badRule, "bad.yml:7:15: "},
		} {
			t.Run(name, func(t *testing.T) {
				// Kafka is not there: what is wrong shows all the same.
				f := newFleet(t, site{policy: policyWith(t, c.file, c.text), brokers: []string{"127.0.0.1:1"}})
				f.refuses(2, c.want)
			})
		}
	})
}

const badRule = `title: Reads by somebody
id: bad
status: stable
level: high
logsource: {product: watchglass, category: data_access}
detection:
  selection: {accesor.id: e-1}
  condition: selection
`

// TestRefusesOffsetsOfAnotherTool sets a partition's offset back, as a tool for
// consumer groups would, where rows are stored already.
func TestRefusesOffsetsOfAnotherTool(t *testing.T) {
	f := newFleet(t, site{})
	f.migrate()
	f.createTopic(1)
	w := f.start()
	f.generate(100, 7)
	f.until(countRows, 100)
	w.stop(t)
	client := kafka.Client{Addr: kafka.TCP(f.brokers...)}
	response, err := client.OffsetCommit(t.Context(), &kafka.OffsetCommitRequest{
		GroupID: f.name + ".access", GenerationID: -1, Topics: map[string][]kafka.OffsetCommit{f.name: {{Partition: 0, Offset: 10}}},
	})
	if err == nil {
		err = response.Topics[f.name][0].Error
	}
	if err != nil {
		t.Fatal(err)
	}
	f.refuses(1, "the committed offset 10 of "+f.name+"/0", "another tool set it", "watchglass rewind --topic "+f.name+" --partition 0 --to 10")
	// What the message says helps.
	f.command("rewind", "--config", f.config, "--topic", f.name, "--partition", "0", "--to", "10")
	f.start()
	f.generate(100, 8)
	f.until(countRows, 200)
	f.exact(200)
}

// refusing is a server that answers every handshake as ClickHouse does when
// the password is wrong. (The embedded ClickHouse ends itself then; the real
// one does not.)
func refusing(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { _ = listener.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			_, _ = conn.Read(make([]byte, 4096))
			var answer proto.Buffer
			proto.ServerCodeException.Encode(&answer)
			exception := proto.Exception{Code: proto.ErrAuthenticationFailed, Name: "DB::Exception", Message: "mistyped-secret"}
			exception.EncodeAware(&answer, proto.Version)
			_, _ = conn.Write(answer.Buf)
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}
