package dead

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/internal/stream"
)

// Letters that are replayed twice, by two processes at once, while the worker
// is killed, are stored once each.
func TestReplayedLettersAreStoredOnce(t *testing.T) {
	const old, good, partitions = 90, 30, 3
	s := newSite(t, partitions)
	written := time.Now().Add(-3 * time.Hour).Truncate(time.Millisecond)
	for i := range old {
		s.send(&kgo.Record{
			Key: fmt.Appendf(nil, "k-%d", i), Value: event(i, 48*time.Hour), Partition: int32(i % partitions), Timestamp: written,
			Headers: []kgo.RecordHeader{{Key: "n", Value: fmt.Append(nil, i)}},
		})
	}
	for i := range good {
		s.send(&kgo.Record{Value: event(i, 0), Partition: int32(i % partitions)})
	}
	s.send(&kgo.Record{Value: []byte("not JSON"), Timestamp: written})
	s.start()
	s.until(countLetters, old+1)
	s.until(countRows, good)

	// As the worker is configured, all would be dead again.
	before := s.ends(s.name)
	contains(t, s.command(0, "dead", "replay", "--reason", "time_too_old"), "90 would be a dead letter again", "--anyway")
	if sent := s.ends(s.name) - before; sent != 0 {
		t.Fatalf("%d records were sent", sent)
	}
	s.stop()
	s.config = s.configure("wide.yaml", wide, 1)
	contains(t, s.command(0, "dead", "replay", "--reason", "time_too_old", "--dry-run"), "TO SEND", "time_too_old  "+s.name+"  90")
	if sent := s.ends(s.name) - before; sent != 0 {
		t.Fatalf("--dry-run sent %d records", sent)
	}
	s.start()
	outcomes := make(chan outcome)
	for range 2 {
		go func() {
			out, err := s.run("dead", "replay", "--reason", "time_too_old", "--rate", "45", "--config", s.config)
			if err != nil {
				out = outcome{code: -1, text: err.Error()}
			}
			outcomes <- out
		}()
	}
	s.until(countReplayed, 5)
	s.kill()
	s.start()
	for range 2 {
		if out := <-outcomes; out.code != 0 {
			t.Errorf("exit code %d: %s", out.code, out.text)
		}
	}
	s.until(countReplayed, old)

	// What two processes sent at once, and what somebody sends by hand, are
	// copies, on either side of a restart.
	s.stop()
	byHand := func() {
		for i := range 7 {
			origin := fmt.Sprintf("%s/%d/%d", s.name, i%partitions, i/partitions)
			s.send(&kgo.Record{Value: event(i, 48*time.Hour), Partition: int32(i % partitions), Headers: []kgo.RecordHeader{{Key: stream.HeaderReplayOf, Value: []byte(origin)}}})
		}
	}
	byHand()
	s.start()
	byHand()
	for i := range partitions {
		s.send(&kgo.Record{Value: event(i, 0), Partition: int32(i)}) // behind all copies
	}
	s.until(countRows, good+old+partitions)

	after := s.ends(s.name)
	for range 2 {
		contains(t, s.command(0, "dead", "replay", "--reason", "time_too_old"), "90 stored already")
	}
	if sent := s.ends(s.name) - after; sent != 0 {
		t.Errorf("what is stored was sent again: %d records", sent)
	}
	for query, want := range map[string]uint64{
		countRows:     good + old + partitions,
		countReplayed: old,
		"SELECT uniqExact(replay_of) FROM {db}.access_events WHERE replay_of != ''":                                                                                                                                                           old,
		"SELECT countIf(kafka_time = fromUnixTimestamp64Milli(" + fmt.Sprint(written.UnixMilli()) + ")) FROM {db}.access_events WHERE replay_of != ''":                                                                                        old,
		"SELECT count() FROM {db}.access_events AS e INNER JOIN {db}.dead_letters AS d ON e.replay_of = concat(d.source_topic, '/', toString(d.source_partition), '/', toString(d.source_offset)) AND e.kafka_partition = d.source_partition": old,
		countLetters: old + 1,
	} {
		if got := one[uint64](s, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	copies := uint64(after) - (old + good + 1) - old - partitions
	if copies < 14 {
		t.Errorf("the topic holds %d copies, want 14 at least", copies)
	}
	s.until(countAlerts, good+old+partitions)
	s.stop()
	s.start() // the ledger is archived to its end before verify asks
	s.until("SELECT toUInt64(ifNull(sum(range_to - range_from), 0)) FROM {db}.stored_ranges", uint64(after))
	if got := one[uint64](s, countAlerts); got != good+old+partitions {
		t.Errorf("%d alerts, want one for each record: a copy raises none", got)
	}
	contains(t, s.command(0, "verify", "--no-kafka"), "every offset is accounted for, exactly once")
}

// A record that cannot be read at its replay either is a dead letter that
// names the first origin, however often.
func TestReplayedRecordThatDiesAgainKeepsItsOrigin(t *testing.T) {
	s := newSite(t, 1)
	s.send(&kgo.Record{Key: []byte("k"), Value: []byte("not JSON"), Headers: []kgo.RecordHeader{{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte("2")}}})
	s.start()
	s.until(countLetters, 1)
	origin := s.name + "/0/0"
	s.command(0, "dead", "replay", origin, "--anyway")
	s.until(countLetters, 2)
	s.restart()
	s.command(0, "dead", "replay", s.name+"/0/1", "--anyway")
	s.until(countLetters, 3)
	s.restart()
	s.command(0, "dead", "replay", "--reason", "malformed", "--anyway", "--limit", "1")
	s.until(countLetters, 4)
	const sameOrigin = "SELECT count() FROM {db}.dead_letters WHERE header_names = ['a', 'a', 'watchglass-replay-of'] AND header_values = ['1', '2', '{db}/0/0'] AND key = 'k' AND value = 'not JSON'"
	if got := one[uint64](s, sameOrigin); got != 3 {
		t.Errorf("%d letters of replays name the first origin once, with all else as it was, want 3", got)
	}
	contains(t, s.command(0, "dead", "list"), "dead again at "+s.name+"/0/1", "dead again at "+s.name+"/0/3")
	contains(t, s.command(0, "dead", "show", s.name+"/0/2"), "replay of      "+origin)
	contains(t, s.command(0, "dead", "replay", "--anyway", "--dry-run"), "malformed  "+s.name+"  1", "3 the same record as another letter")
}

// What cannot be replayed is refused with the reason.
func TestRefusals(t *testing.T) {
	s := newSite(t, 1)
	s.send(&kgo.Record{Value: []byte("{}")})
	s.start()
	s.until(countLetters, 1)
	s.send(&kgo.Record{Topic: s.name + "-alerts", Value: []byte("not JSON")})
	s.until(countLetters, 2)
	letter := s.name + "/0/0"
	contains(t, s.command(1, "dead", "replay", s.name+"-alerts/0/0", "--anyway"), "from a topic that only Watchglass writes")
	contains(t, s.command(1, "dead", "replay", letter), "would be a dead letter again")
	contains(t, s.command(1, "dead", "replay", s.name+"/0/77"), "no such dead letter at "+s.name+"/0/77")
	contains(t, s.command(1, "dead", "show", s.name+"/0/77"), "no dead letter at")
	contains(t, s.command(2, "dead", "replay", "elsewhere"), "TOPIC/PARTITION/OFFSET")
	contains(t, s.command(0, "dead", "replay", "--reason", "empty"), "no dead letters to replay")
	s.config = s.configure("second.yaml", wide, 2)
	contains(t, s.command(1, "dead", "replay", letter, "--anyway"), "from another incarnation of the topic")
}

// The topic's own settings decide about old records, and are told.
func TestTopicSettingsAreTold(t *testing.T) {
	s := newSite(t, 1)
	s.send(&kgo.Record{Value: event(1, 72*time.Hour), Timestamp: time.Now().Add(-48 * time.Hour)})
	s.start()
	s.until(countLetters, 1)
	s.config = s.configure("wide.yaml", wide, 1)
	replay := []string{"dead", "replay", "--dry-run"}
	contains(t, s.command(0, replay...), "time_too_old  "+s.name+"  1")
	s.alter("retention.ms", "86400000")
	contains(t, s.command(0, replay...), "1 of the letters are older than its retention.ms", "time_too_old  "+s.name+"  1")
	s.alter("message.timestamp.before.max.ms", "86400000")
	contains(t, s.command(0, replay...), "time_too_old  "+s.name+"  0", "1 older than the topic's message.timestamp.before.max.ms allows")
	s.alter("message.timestamp.type", "LogAppendTime")
	contains(t, s.command(0, replay...), "message.timestamp.type is LogAppendTime", "time_too_old  "+s.name+"  1")
}

// list and show tell everything but the bytes; --raw gives them as they were.
func TestLetterIsShownWithoutItsBytes(t *testing.T) {
	s := newSite(t, 1)
	const secret = "person-4711"
	value := "{\x00\xff" + secret + "\n"
	s.send(&kgo.Record{Key: []byte(secret), Value: []byte(value), Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte(secret)}, {Key: "\x1b[31m", Value: nil}}})
	s.send(&kgo.Record{Value: []byte("{}")})
	s.start()
	s.until(countLetters, 2)
	at := s.name + "/0/0"
	shown := s.command(0, "dead", "show", at)
	contains(t, shown, "invalid_utf8", "convert before writing", "trace: 11 bytes", `"\x1b[31m": 0 bytes`, "value          15 bytes")
	list := s.command(0, "dead", "list", "--limit", "1")
	contains(t, list, "and 1 more")
	summary := s.command(0, "dead", "list", "--summary")
	contains(t, summary, "invalid_utf8    "+s.name+"  1", "missing_member  "+s.name+"  1")
	lines := s.command(0, "dead", "list", "--json", "--reason", "invalid_utf8", "--since", "1h", "--topic", s.name, "--partition", "0")
	for _, text := range []string{shown, list, summary, lines} {
		if strings.Contains(text, secret) {
			t.Errorf("the record shows: %s", text)
		}
	}
	var line struct {
		Position, Reason string
		Bytes            int
	}
	if err := json.Unmarshal([]byte(lines), &line); err != nil || line.Position != at || line.Reason != "invalid_utf8" || line.Bytes != len(value) {
		t.Errorf("%+v, %v: %s", line, err, lines)
	}
	if got := s.command(0, "dead", "list", "--until", "1h", "--json"); got != "" {
		t.Errorf("older than an hour: %s", got)
	}
	if got := s.command(0, "dead", "show", at, "--raw"); got != value {
		t.Errorf("--raw gives %q, want %q", got, value)
	}
	contains(t, s.command(0, "dead", "show", at, "--headers"), `"person-4711"`)
}

// TestDocumentedCommands runs the commands of docs/dead-letters.md, in order.
func TestDocumentedCommands(t *testing.T) {
	s := newSite(t, 1)
	s.send(&kgo.Record{Value: event(1, 48*time.Hour)})
	s.start()
	s.until(countLetters, 1)
	s.stop()
	s.configure("watchglass.yaml", wide, 1)
	s.start()
	page, err := os.ReadFile("../../docs/dead-letters.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	script.WriteString("set -eu\nwatchglass() { " + s.program + " \"$@\"; }\n")
	commands := 0
	for line := range strings.Lines(strings.ReplaceAll(string(page), "access-events/3/120017", s.name+"/0/0")) {
		if command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ "); ok {
			script.WriteString(command + "\n")
			commands++
		}
	}
	if commands < 5 {
		t.Fatalf("the page has %d commands", commands)
	}
	shell := exec.CommandContext(t.Context(), "bash", "-c", script.String())
	shell.Dir = s.dir
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	contains(t, string(out), "time_too_old", "raise access.event_max_age")
	s.until(countReplayed, 1)
}

// restart has a worker that remembers nothing of the one before.
func (s *site) restart() {
	s.t.Helper()
	s.stop()
	s.start()
}

func (s *site) alter(name, value string) {
	s.t.Helper()
	responses, err := s.admin.AlterTopicConfigs(s.t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: name, Value: &value}}, s.name)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := responses.On(s.name, nil); err != nil {
		s.t.Fatal(err)
	}
}

func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}
