package embedded

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"
	"go.uber.org/goleak"
)

func startKafka(t *testing.T, brokers int) *Kafka {
	t.Helper()
	e, host := installed(t)
	jars := must(e.KafkaJars())(t)
	began := time.Now()
	k := must(StartKafka(soon(t), KafkaConfig{Jars: jars, Host: host, Dir: t.TempDir(), Brokers: brokers, Log: zerolog.Nop()}))(t)
	t.Cleanup(k.Close)
	t.Logf("%d brokers up after %v", brokers, time.Since(began))
	return k
}

func newClient(t *testing.T, addrs []string) *kafka.Client {
	t.Helper()
	transport := &kafka.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &kafka.Client{Addr: kafka.TCP(addrs...), Transport: transport}
}

func create(t *testing.T, c *kafka.Client, topic string, partitions, replicas int) {
	t.Helper()
	resp, err := c.CreateTopics(soon(t), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{
		{Topic: topic, NumPartitions: partitions, ReplicationFactor: replicas},
	}})
	if err != nil || resp.Errors[topic] != nil {
		t.Fatalf("create %s: %v %v", topic, err, resp)
	}
}

// produce writes n records one by one to partition 0.
func produce(t *testing.T, addrs []string, transport kafka.RoundTripper, topic, prefix string, n int) {
	t.Helper()
	w := &kafka.Writer{
		Addr: kafka.TCP(addrs...), Transport: transport, Topic: topic, RequiredAcks: kafka.RequireAll,
		BatchTimeout: time.Millisecond, MaxAttempts: 50,
	}
	defer w.Close()
	for i := range n {
		if err := w.WriteMessages(soon(t), kafka.Message{Value: fmt.Appendf(nil, "%s%d", prefix, i)}); err != nil {
			t.Fatal(err)
		}
	}
}

// consume reads partition 0 from its start until it has n different records.
func consume(t *testing.T, c *kafka.Client, topic string, n int) (values []string) {
	t.Helper()
	ctx := soon(t)
	distinct := map[string]bool{}
	for len(distinct) < n {
		resp, err := c.Fetch(ctx, &kafka.FetchRequest{Topic: topic, Offset: int64(len(values)), MinBytes: 1, MaxBytes: 1 << 20, MaxWait: 100 * time.Millisecond})
		if ctx.Err() != nil {
			t.Fatalf("got %d of %d records of %s: %v", len(values), n, topic, ctx.Err())
		}
		if err != nil || resp.Error != nil {
			continue // the leader may have gone
		}
		for {
			r, err := resp.Records.ReadRecord()
			if err != nil {
				break
			}
			b, err := kafka.ReadAll(r.Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, string(b))
			distinct[string(b)] = true
		}
	}
	return values
}

func TestKafka(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreTopFunction("github.com/segmentio/kafka-go.(*connPool).discover"))
	t.Run("one broker", func(t *testing.T) {
		k := startKafka(t, 1)
		client := newClient(t, k.Addrs())
		t.Run("answers what we ask", func(t *testing.T) {
			create(t, client, "asked", 2, 1)
			askAll(t, k.Addrs(), client, "asked")
		})
		create(t, client, "things", 1, 1)
		produce(t, k.Addrs(), client.Transport, "things", "a", 3)
		addr := k.Addrs()[0]
		for name, end := range map[string]func(int){"kill": k.Kill, "stop": k.Stop} {
			t.Run("keeps its data and port after "+name, func(t *testing.T) {
				end(0)
				if conn, err := kafka.DialContext(soon(t), "tcp", addr); err == nil {
					conn.Close()
					t.Fatal("still answers after its end")
				}
				began := time.Now()
				if err := k.Restart(soon(t), 0); err != nil {
					t.Fatal(err)
				}
				t.Logf("back after %v", time.Since(began))
				if got := fmt.Sprint(consume(t, client, "things", 3)); got != "[a0 a1 a2]" || k.Addrs()[0] != addr {
					t.Errorf("consumed %s at %s, want [a0 a1 a2] at %s", got, k.Addrs()[0], addr)
				}
			})
		}
	})
}

func TestKafkaOfThreeBrokersSurvivesTheLossOfOne(t *testing.T) {
	k := startKafka(t, 3)
	client := newClient(t, k.Addrs())
	create(t, client, "things", 1, 3)
	produce(t, k.Addrs(), client.Transport, "things", "a", 2)
	k.Kill(1)
	produce(t, k.Addrs(), client.Transport, "things", "b", 2)
	if err := k.Restart(soon(t), 1); err != nil {
		t.Fatal(err)
	}
	// The writer sends again what it has no answer for, so b0 may be there twice.
	got := consume(t, client, "things", 4)
	for _, want := range []string{"a0", "a1", "b0", "b1"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is lost: consumed %v", want, got)
		}
	}
}

func TestKafkaThatCannotStartSaysWhy(t *testing.T) {
	e, host := installed(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := StartKafka(ctx, KafkaConfig{
		Jars: must(e.KafkaJars())(t), Host: host, Dir: t.TempDir(),
		Properties: map[string]string{"num.io.threads": "many"}, Log: zerolog.Nop(),
	})
	if err == nil || ctx.Err() != nil {
		t.Fatalf("got %v, want a failure before the deadline", err)
	}
}
