package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// maxWait is how long a broker may hold a fetch that finds nothing. A
	// partition that becomes free to read while another fetch of its broker is
	// held waits for at most this long.
	maxWait           = 100 * time.Millisecond
	partitionMaxBytes = 256 << 10
	requestMaxBytes   = 2 << 20
	// chunksAhead is how many chunks wait for a lane: two, so that a lane that
	// is about to take one does not miss the next fetch.
	chunksAhead = 2
	// A fetch that brought less than littleBytes is not followed by another of
	// the same broker before littlePause has passed since it was sent: a steady
	// trickle would otherwise cost a round trip for each record. A record that
	// comes when nothing else does is not delayed: a fetch is waiting for it.
	littleBytes = 64 << 10
	littlePause = 5 * time.Millisecond
	// fetchedMost bounds the bytes of all chunks that wait or are worked on.
	fetchedMost = 8 << 20
)

// chunk is what one fetch brought for one partition, or the news of a gap.
type chunk struct {
	records []Record
	end     int64 // offset behind everything in it, control batches included
	log     int64 // end of the log (last stable offset) when it was fetched
	gap     int64 // > 0: offsets up to end, exclusive, are gone; this many
	bytes   int
}

// cursor is the place of one partition's reading. It belongs to the fetcher,
// except for chunks, which the lane receives from.
type cursor struct {
	Assigned
	next   int64
	chunks chan chunk
	urgent atomic.Bool // set by the lane: read on although much is waiting
	busy   bool        // part of a fetch that is on its way
	resume time.Time
	tries  int
	turn   int  // when it last got something: who waited longest is asked for first
	gone   bool // nobody receives any more; guarded by the fetcher's mu
}

// fetcher reads all partitions of one generation, several partitions of a
// broker in one request. It lives as long as the generation.
type fetcher struct {
	kafka   *Kafka
	ids     map[string]TopicID // what is read: the same topic of another id is another topic
	mu      sync.Mutex
	added   []*cursor     // not yet seen by run; guarded by mu
	cursors []*cursor     // belongs to run
	room    chan struct{} // a lane took a chunk, or gave bytes back
	fetched atomic.Int64
	turns   int
	log     zerolog.Logger
}

func newFetcher(k *Kafka, ids map[string]TopicID, log zerolog.Logger) *fetcher {
	return &fetcher{kafka: k, ids: ids, room: make(chan struct{}, 1), log: log}
}

// add starts reading a partition at an offset.
func (f *fetcher) add(a Assigned, from int64) *cursor {
	c := &cursor{Assigned: a, next: from, chunks: make(chan chunk, chunksAhead)}
	f.mu.Lock()
	f.added = append(f.added, c)
	f.mu.Unlock()
	f.wake()
	return c
}

// remove ends the reading of a cursor from which nobody receives any more.
func (f *fetcher) remove(c *cursor) {
	f.mu.Lock()
	c.gone = true
	close(c.chunks)
	f.mu.Unlock()
	for left := range c.chunks {
		f.release(left)
	}
}

// refresh takes over what was added, and drops what was removed.
func (f *fetcher) refresh() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cursors = append(f.cursors, f.added...)
	f.added = nil
	f.cursors = slices.DeleteFunc(f.cursors, func(c *cursor) bool { return c.gone })
}

// hand gives a chunk to the cursor's lane. There is room: nobody else sends,
// and it was looked at before.
func (f *fetcher) hand(c *cursor, got chunk) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.gone {
		return
	}
	f.fetched.Add(int64(got.bytes))
	c.chunks <- got
}

// release gives a chunk's memory back. Its records must not be used any more.
func (f *fetcher) release(c chunk) {
	f.fetched.Add(-int64(c.bytes))
	f.wake()
}

func (f *fetcher) wake() {
	select {
	case f.room <- struct{}{}:
	default:
	}
}

// answered is the result of one fetch.
type answered struct {
	leader  int
	sent    time.Time
	cursors []*cursor
	results []result
	err     error
}

// bytes of all records in it.
func (a *answered) bytes() (n int) {
	for _, r := range a.results {
		n += r.chunk.bytes
	}
	return n
}

type result struct {
	chunk chunk
	err   error
}

// run fetches until ctx ends or an error is fatal.
func (f *fetcher) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	answers := make(chan answered)
	outstanding := map[int]bool{}  // by leader
	resting := map[int]time.Time{} // by leader: no fetch before
	defer func() {
		cancel()
		for range outstanding {
			<-answers
		}
	}()
	retry := time.NewTicker(maxWait)
	defer retry.Stop()
	for {
		f.refresh()
		if err := f.launch(ctx, outstanding, resting, answers); err != nil {
			f.log.Warn().Err(err).Msg("cannot find the partitions' leaders, trying again")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-f.room:
		case <-retry.C:
		case a := <-answers:
			delete(outstanding, a.leader)
			if pause := time.Until(a.sent.Add(littlePause)); pause > 0 && a.bytes() < littleBytes {
				resting[a.leader] = a.sent.Add(littlePause)
				time.AfterFunc(pause, f.wake)
			}
			if err := f.take(ctx, a); err != nil {
				return err
			}
		}
	}
}

// launch sends a fetch to each broker that has none on its way, for those of
// its partitions that can take more.
func (f *fetcher) launch(ctx context.Context, outstanding map[int]bool, resting map[int]time.Time, answers chan<- answered) error {
	var wanting []*cursor
	now, full := time.Now(), f.fetched.Load() > fetchedMost
	for _, c := range f.cursors {
		if !c.busy && len(c.chunks) < cap(c.chunks) && !now.Before(c.resume) && (!full || c.urgent.Load()) {
			wanting = append(wanting, c)
		}
	}
	if len(wanting) == 0 {
		return nil
	}
	// A broker fills its answer from the front, and only the first partition
	// of it may have a batch that is larger than asked for.
	slices.SortStableFunc(wanting, func(a, b *cursor) int { return cmp.Compare(a.turn, b.turn) })
	leaders, err := f.leaders(ctx, wanting)
	if err != nil {
		return err
	}
	groups := map[int][]*cursor{}
	for i, c := range wanting {
		if leader := leaders[i]; leader >= 0 && !outstanding[leader] && !now.Before(resting[leader]) {
			groups[leader] = append(groups[leader], c)
		}
	}
	for leader, cursors := range groups {
		outstanding[leader] = true
		for _, c := range cursors {
			c.busy = true
		}
		go func() { answers <- f.guarded(ctx, leader, cursors) }()
	}
	return nil
}

// leaders finds each cursor's leading broker, -1 where there is none now.
func (f *fetcher) leaders(ctx context.Context, cursors []*cursor) ([]int, error) {
	ctx, cancel := context.WithTimeout(ctx, f.kafka.cfg.RequestTimeout)
	defer cancel()
	topics := map[string]bool{}
	var names []string
	for _, c := range cursors {
		if !topics[c.Topic] {
			topics[c.Topic] = true
			names = append(names, c.Topic)
		}
	}
	metadata, err := f.kafka.client.Metadata(ctx, &kafka.MetadataRequest{Topics: names}) // cached by the transport
	if err != nil {
		return nil, err
	}
	type key struct {
		topic     string
		partition int
	}
	found := map[key]int{}
	for _, t := range metadata.Topics {
		for _, p := range t.Partitions {
			if p.Error == nil && p.Leader.Host != "" {
				found[key{t.Name, p.ID}] = p.Leader.ID
			}
		}
	}
	leaders := make([]int, len(cursors))
	for i, c := range cursors {
		leader, ok := found[key{c.Topic, int(c.Partition)}]
		if !ok {
			leader = -1
		}
		leaders[i] = leader
	}
	return leaders, nil
}

// guarded is fetch, with a panic as a fatal error.
func (f *fetcher) guarded(ctx context.Context, leader int, cursors []*cursor) answered {
	answer := answered{leader: leader, sent: time.Now(), cursors: cursors, results: make([]result, len(cursors))}
	err := guard(func() error {
		answer = f.fetch(ctx, leader, cursors)
		return nil
	})
	if err != nil {
		answer.err = err
	}
	return answer
}

// fetch asks one broker for several partitions.
func (f *fetcher) fetch(ctx context.Context, leader int, cursors []*cursor) answered {
	answer := answered{leader: leader, sent: time.Now(), cursors: cursors, results: make([]result, len(cursors))}
	ctx, cancel := context.WithTimeout(ctx, f.kafka.cfg.RequestTimeout+maxWait)
	defer cancel()
	response, err := f.kafka.exchange(ctx, int32(leader), f.version(cursors), f.request(cursors))
	if err != nil {
		answer.err = err
		return answer
	}
	found := response.(*kmsg.FetchResponse)
	if found.ErrorCode != 0 {
		answer.err = kafka.Error(found.ErrorCode)
		return answer
	}
	for _, t := range found.Topics { // one that is left out for want of room is asked for again
		for i := range t.Partitions {
			p := &t.Partitions[i]
			for j, c := range cursors {
				if (c.Topic == t.Topic || t.Topic == "" && f.ids[c.Topic] == t.TopicID) && c.Partition == p.Partition {
					answer.results[j] = readPartition(c, p)
				}
			}
		}
	}
	return answer
}

// version is the highest one of fetches in which all topics can be named.
func (f *fetcher) version(cursors []*cursor) int16 {
	for _, c := range cursors {
		if f.ids[c.Topic] == (TopicID{}) {
			return fetchWithIDs - 1
		}
	}
	return fetchMost
}

func (f *fetcher) request(cursors []*cursor) *kmsg.FetchRequest {
	request := kmsg.NewPtrFetchRequest()
	request.MaxWaitMillis, request.MinBytes, request.MaxBytes = int32(maxWait.Milliseconds()), 1, requestMaxBytes
	request.IsolationLevel, request.SessionEpoch = int8(kafka.ReadCommitted), -1
	index := map[string]int{}
	for _, c := range cursors {
		i, ok := index[c.Topic]
		if !ok {
			i = len(request.Topics)
			index[c.Topic] = i
			topic := kmsg.NewFetchRequestTopic()
			topic.Topic, topic.TopicID = c.Topic, f.ids[c.Topic]
			request.Topics = append(request.Topics, topic)
		}
		partition := kmsg.NewFetchRequestTopicPartition()
		partition.Partition, partition.FetchOffset, partition.PartitionMaxBytes = c.Partition, c.next, partitionMaxBytes
		request.Topics[i].Partitions = append(request.Topics[i].Partitions, partition)
	}
	return request
}

// take hands a fetch's chunks to their lanes and notes what failed.
func (f *fetcher) take(ctx context.Context, a answered) error {
	for i, c := range a.cursors {
		c.busy = false
		r := a.results[i]
		if a.err != nil {
			r.err = a.err
		}
		switch {
		case r.err == nil:
			c.tries = 0
		case errors.Is(r.err, unknownTopicID), errors.Is(r.err, inconsistentTopicID):
			if err := f.sameLife(ctx, c); err != nil {
				return err
			}
			f.pause(c, r.err)
			continue
		case errors.Is(r.err, kafka.OffsetOutOfRange):
			gap, err := f.outOfRange(ctx, c)
			if err != nil && !IsFatal(err) {
				f.pause(c, err)
				continue
			}
			if err != nil {
				return err
			}
			r.chunk = gap
		default:
			if err := classify(fmt.Errorf("fetch %s/%d: %w", c.Topic, c.Partition, r.err), r.err); IsFatal(err) {
				return err
			}
			f.pause(c, r.err)
			continue
		}
		if r.chunk.end <= c.next {
			continue
		}
		c.next = r.chunk.end
		f.turns++
		c.turn = f.turns
		f.hand(c, r.chunk)
	}
	return nil
}

// sameLife returns an error if a topic is not any more the one that is read: the
// generation ends with it, and the next one sees what there is now.
func (f *fetcher) sameLife(ctx context.Context, c *cursor) error {
	ids, err := f.kafka.TopicIDs(ctx, c.Topic)
	if errors.Is(err, kafka.UnknownTopicOrPartition) || err == nil && ids[c.Topic] != f.ids[c.Topic] {
		return fmt.Errorf("topic %s is deleted", c.Topic)
	}
	return nil
}

// pause lets a partition rest after an error.
func (f *fetcher) pause(c *cursor, err error) {
	f.kafka.cfg.Metrics.fetchFailures.Inc()
	c.resume = time.Now().Add(backoff(c.tries))
	c.tries++
	if c.tries > 2 && !errors.Is(err, context.Canceled) { // a leader's move is unremarkable
		f.log.Warn().Err(err).Str("topic", c.Name).Int32("partition", c.Partition).Msg("cannot fetch, trying again")
	}
}

// outOfRange finds out what became of the offset that was asked for.
func (f *fetcher) outOfRange(ctx context.Context, c *cursor) (chunk, error) {
	all, err := f.kafka.Bounds(ctx, c.Topic, c.Partition)
	if err != nil {
		return chunk{}, err
	}
	b := all[c.Partition]
	if c.next > b.End {
		return chunk{}, beyondEnd(c.Assigned, c.next, b)
	}
	if c.next >= b.First {
		return chunk{}, fmt.Errorf("offset %d of %s/%d was out of range and is not any more", c.next, c.Topic, c.Partition)
	}
	return chunk{gap: b.First - c.next, end: b.First, log: b.End}, nil
}

// beyondEnd is what a topic looks like that was deleted and made anew.
func beyondEnd(a Assigned, offset int64, b Bounds) error {
	return Fatal("offset %d of %s/%d is beyond the end of its log (%d): if the topic was deleted and made anew, raise its incarnation in kafka.topics", offset, a.Topic, a.Partition, b.End)
}
