package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/segmentio/kafka-go"

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/internal/generate"
	"github.com/watchglass/watchglass/test/engines"
)

// TestKafkaGoesAway starts a process before Kafka is there, and kills Kafka in
// the middle of a load.
func TestKafkaGoesAway(t *testing.T) {
	broker := engines.OwnKafka(t, 1)
	// Kafka remembers the member that it lost, and waits for it this long.
	f := newFleet(t, site{brokers: broker.Addrs(), listen: freeAddress(t), kafka: "session_timeout: 2s"})
	f.migrate()
	f.createTopic(4)
	broker.Kill(0)
	w := f.start()
	f.untilHealth("/readyz", http.StatusServiceUnavailable, "kafka: waiting: ", broker.Addrs()[0])
	f.untilHealth("/livez", http.StatusOK)
	if err := broker.Restart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	f.untilHealth("/readyz", http.StatusOK, "kafka: ok", "clickhouse: ok", "group "+f.name+".access: ok")

	// This producer sends again what was not acknowledged: what the log holds
	// in the end is what must be stored.
	total := *events / 4
	load := make(chan error, 1)
	go func() { load <- f.persist(total) }()
	f.until(countRows, uint64(total)/8)
	broker.Kill(0)
	if err := broker.Restart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := <-load; err != nil {
		t.Fatal(err)
	}
	inLog := f.logged(4)
	if inLog < uint64(total) {
		t.Errorf("the log holds %d records, want at least %d", inLog, total)
	}
	f.until(countRows, inLog)
	f.exact(inLog)
	w.stop(t)
	f.exact(inLog)
}

// persist sends ordinary events and waits out whatever happens to the brokers.
func (f *fleet) persist(count int) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(f.brokers...), kgo.DefaultProduceTopic(f.name),
		kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(1), kgo.RecordRetries(1000), kgo.RetryBackoffFn(func(int) time.Duration { return 100 * time.Millisecond }))
	if err != nil {
		return err
	}
	defer client.Close()
	g, err := generate.New(generate.Options{Seed: 7, Count: count, Start: time.Now().Add(-24 * time.Hour)})
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	for {
		e, ok := g.Next()
		if !ok {
			break
		}
		client.Produce(f.t.Context(), &kgo.Record{Key: bytes.Clone(e.Key), Value: bytes.Clone(e.Value)}, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	if err := client.Flush(f.t.Context()); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// alarming is an event by an accessor that the directory does not know.
func alarming(i int) []byte {
	return fmt.Appendf(nil, `{"time":%q,"action":"read","accessor":{"id":"x-%d"},"origin":{"ip":"10.20.3.4"},"resource":{"store":"profiles","dataset":"eu.users.accounts","fields":["email"]},"subject":{"ids":["u-77"]},"purpose":{"kind":"support","ticket":"SUP-1"}}`,
		time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), i%8)
}

// logged is how many records the topic of access events holds; a broker that
// has just come back takes a moment to know.
func (f *fleet) logged(partitions int) uint64 { f.t.Helper(); return f.ends(f.name, partitions) }

// ends adds up the ends of a topic's partitions.
func (f *fleet) ends(topic string, partitions int) uint64 {
	f.t.Helper()
	var ask []kafka.OffsetRequest
	for p := range partitions {
		ask = append(ask, kafka.LastOffsetOf(p))
	}
	client := kafka.Client{Addr: kafka.TCP(f.brokers...)}
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		response, err := client.ListOffsets(f.t.Context(), &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: ask}})
		var n uint64
		if err == nil {
			for _, p := range response.Topics[topic] {
				err = errors.Join(err, p.Error)
				n += uint64(p.LastOffset)
			}
		}
		if err == nil {
			return n
		}
		select {
		case <-poll.C:
		case <-f.t.Context().Done():
			f.t.Fatal(err)
		}
	}
}

// TestOthersGoAwayAndTheProcessStaysReady takes the endpoint away, at start
// and later, and then ClickHouse.
func TestOthersGoAwayAndTheProcessStaysReady(t *testing.T) {
	server := engines.OwnClickHouse(t, embedded.ClickHouseConfig{})
	r := newReceiver(t)
	gate := newGate(t, r)
	secret := "[\"file:" + file(t, "webhook.secret", "whsec_"+base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))) + "\"]"
	f := newFleet(t, site{
		native: server.Native(), listen: freeAddress(t),
		destinations: fmt.Sprintf("[{name: test, url: \"http://%s\", allow_networks: [127.0.0.0/8], allow_http: true, secrets: %s}]", gate.addr, secret),
	})
	f.migrate()
	f.createTopic(2)
	w := f.start()
	producer := f.producer()
	send := func(from, to int) {
		for i := from; i < to; i++ {
			producer.send(&kgo.Record{Key: fmt.Append(nil, i), Value: alarming(i)})
		}
		producer.flush()
	}
	send(0, 2)
	f.until("SELECT countIf(verdict = 'retry') FROM {db}.deliveries", 2) // it is down at start
	f.untilHealth("/readyz", http.StatusOK)
	gate.open()
	r.wait(2)
	gate.close()
	send(2, 4)
	f.until("SELECT uniqExactIf(incident, verdict = 'retry') FROM {db}.deliveries", 4)
	f.untilHealth("/readyz", http.StatusOK)
	gate.open()
	r.wait(4)

	// Alerts do not wait for ClickHouse, and nobody takes the process out.
	server.Kill()
	send(4, 6)
	r.wait(6)
	f.untilHealth("/readyz", http.StatusOK, "clickhouse: ok")
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.until(countRows, 6)
	f.exact(6)
	w.stop(t)
}

// gate is an endpoint's address, which answers only while it is open.
type gate struct {
	t       *testing.T
	addr    string
	handler http.Handler
	server  *httptest.Server
}

func newGate(t *testing.T, handler http.Handler) *gate {
	g := &gate{t: t, addr: freeAddress(t), handler: handler}
	t.Cleanup(g.close)
	return g
}

func (g *gate) open() {
	g.t.Helper()
	listener, err := net.Listen("tcp", g.addr)
	if err != nil {
		g.t.Fatal(err)
	}
	g.server = httptest.NewUnstartedServer(g.handler)
	_ = g.server.Listener.Close()
	g.server.Listener = listener
	g.server.Start()
}

func (g *gate) close() {
	if g.server != nil {
		g.server.CloseClientConnections()
		g.server.Close()
		g.server = nil
	}
}

// freeAddress is a loopback address that nobody listened at a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// untilHealth asks the operators' endpoint until it answers with a status and
// with all the words.
func (f *fleet) untilHealth(path string, status int, words ...string) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		got, text := f.health(ctx, path)
		missing := ""
		for _, word := range words {
			if !strings.Contains(text, word) {
				missing = word
			}
		}
		if got == status && missing == "" {
			return
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			f.t.Fatalf("%s: %d, want %d with %q:\n%s", path, got, status, words, text)
		}
	}
}

// health is 0 and the error when nobody answers.
func (f *fleet) health(ctx context.Context, path string) (status int, text string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.listen+path, nil)
	if err != nil {
		return 0, err.Error()
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(body)
}
