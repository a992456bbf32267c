package stream

import (
	"context"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestAPanicInAFetchIsFatal(t *testing.T) {
	f := newFetcher(nil, nil, zerolog.Nop()) // without a connection, every fetch panics
	f.add(Assigned{Topic: "in"}, 0)
	f.refresh()
	answer := f.guarded(t.Context(), 7, f.cursors)
	if answer.leader != 7 {
		t.Fatalf("the answer is of broker %d, want 7", answer.leader)
	}
	if err := f.take(t.Context(), answer); !IsFatal(err) {
		t.Fatalf("error %v, want a fatal one", err)
	}
}

// A broker's answer holds about eight partitions: twelve with a backlog have
// to share it.
func TestEveryPartitionGetsItsTurn(t *testing.T) {
	const partitions, batches = 12, 8
	k := cluster(t, partitions, "in")
	noise := rand.New(rand.NewPCG(1, 2))
	value := make([]byte, 200<<10)
	for i := range value {
		value[i] = byte(noise.Uint32())
	}
	f := newFetcher(k, nil, zerolog.Nop())
	var lanes []reflect.SelectCase
	for p := range int32(partitions) {
		for range batches {
			produce(t, k, "in", p, string(value))
		}
		c := f.add(Assigned{Topic: "in", Name: "in", Partition: p}, 0)
		lanes = append(lanes, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c.chunks)})
	}
	lanes = append(lanes, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(time.After(patience))})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.run(ctx) }()
	read := map[int]int{}
	for read[0] < batches {
		p, got, _ := reflect.Select(lanes)
		if p == partitions {
			t.Fatal("the first partition was not read to its end")
		}
		c := got.Interface().(chunk)
		read[p] += len(c.records)
		f.release(c)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for p := range partitions {
		if read[p] < batches/2 {
			t.Errorf("when the first partition was read to its end, %d of %d records of partition %d were: %v", read[p], batches, p, read)
		}
	}
}
