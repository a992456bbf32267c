package e2e

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/internal/generate"
	"github.com/watchglass/watchglass/schema"
)

var (
	alerts = flag.Int("alerts", 100, "alerts of the latency test")
	rate   = flag.Int("rate", 1000, "events a second of the latency test")
)

// receiver is an endpoint that verifies signatures with the reference library.
type receiver struct {
	t       *testing.T
	server  *httptest.Server
	verify  *standardwebhooks.Webhook
	secret  string
	mu      sync.Mutex
	ids     map[string]int
	came    []time.Duration // from the event's own time
	changed chan struct{}
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	verify, err := standardwebhooks.NewWebhook(key)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{t: t, verify: verify, secret: filepath.Join(t.TempDir(), "webhook.secret"), ids: map[string]int{}, changed: make(chan struct{}, 1)}
	if err := os.WriteFile(r.secret, []byte("whsec_"+key), 0o600); err != nil {
		t.Fatal(err)
	}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

// destination is the YAML of alerts.destinations.
func (r *receiver) destination() string {
	return fmt.Sprintf("[{name: test, url: %q, allow_networks: [127.0.0.0/8], allow_http: true, secrets: [\"file:%s\"]}]", r.server.URL, r.secret)
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(q.Body)
	if err == nil {
		err = r.verify.Verify(body, q.Header)
	}
	var n schema.Notification
	if err == nil {
		err = json.Unmarshal(body, &n)
	}
	if err != nil {
		r.t.Errorf("a delivery cannot be verified or read: %v", err)
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids[n.ID]++
	r.came = append(r.came, now.Sub(n.EventTime))
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// wait returns when n different notifications have come.
func (r *receiver) wait(n int) {
	r.t.Helper()
	for {
		r.mu.Lock()
		got := len(r.ids)
		r.mu.Unlock()
		if got >= n {
			return
		}
		select {
		case <-r.changed:
		case <-r.t.Context().Done():
			r.t.Fatalf("%d of %d notifications came", got, n)
		}
	}
}

// TestEventToWebhook sends ordinary events at a steady rate, and among them
// reads by accessors that the directory does not know: each opens an incident.
func TestEventToWebhook(t *testing.T) {
	r := newReceiver(t)
	f := newFleet(t, site{policy: singleEvents(t), destinations: r.destination()})
	f.migrate()
	f.createTopic(12)
	f.start()
	producer := f.producer()
	// The first one shows that the worker is at work.
	send := func(i int) {
		now := time.Now().UTC()
		value := fmt.Sprintf(`{"time":%q,"action":"read","accessor":{"id":"x-%d"},"origin":{"ip":"10.20.3.4"},"resource":{"store":"profiles","dataset":"eu.users.accounts","fields":["email"]},"subject":{"ids":["u-77"]},"purpose":{"kind":"support","ticket":"SUP-1"}}`,
			now.Format("2006-01-02T15:04:05.000Z"), i)
		producer.send(&kgo.Record{Key: fmt.Append(nil, "x-", i), Value: []byte(value)})
	}
	send(0)
	r.wait(1)
	r.mu.Lock()
	r.came = nil
	r.mu.Unlock()

	total := *alerts * *rate / 20 // twenty alerts a second
	g, err := generate.New(generate.Options{Seed: 7, Count: total, Rate: float64(*rate), Start: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	load := make(chan error, 1)
	go func() {
		_, err := generate.Produce(t.Context(), generate.Target{Brokers: f.brokers, Topic: f.name, Rate: float64(*rate)}, g)
		load <- err
	}()
	every := time.NewTicker(time.Second / 20)
	defer every.Stop()
	for i := range *alerts {
		<-every.C
		send(i + 1)
	}
	if err := <-load; err != nil {
		t.Fatal(err)
	}
	r.wait(*alerts + 1)
	f.until(countRows, uint64(total+*alerts+1))
	f.until("SELECT count() FROM {db}.deliveries", uint64(*alerts+1))
	for part, query := range map[string]string{
		"event → alert published":      "SELECT toUInt64(quantileExact(0.5)(dateDiff('millisecond', time, created))) FROM {db}.alerts",
		"event → incident opened":      "SELECT toUInt64(quantileExact(0.5)(dateDiff('millisecond', first, time))) FROM {db}.incident_changes",
		"one POST, answer included µs": "SELECT toUInt64(quantileExact(0.5)(took_ns)/1000) FROM {db}.deliveries",
	} {
		t.Logf("median of %s: %d", part, f.one(query))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, times := range r.ids {
		if times != 1 {
			t.Errorf("notification %s came %d times", id, times)
		}
	}
	slices.Sort(r.came)
	t.Logf("event → webhook at %d events/s, %d alerts: p50 %s, p99 %s, most %s", *rate, len(r.came),
		r.came[len(r.came)/2], r.came[len(r.came)*99/100], r.came[len(r.came)-1])
}
