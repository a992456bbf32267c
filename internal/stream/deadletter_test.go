package stream

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestDeadLetterKeepsTheRecordByteForByte(t *testing.T) {
	value := []byte{0xff, 0x00, '{'}
	record := Record{
		Topic: "in#2", Partition: 3, Offset: 41, Time: time.UnixMilli(1_700_000_000_123), Key: []byte("k\x00"), Value: value,
		Headers: []Header{{Key: "trace", Value: []byte{1, 2}}},
	}
	got := DeadLetter("dead", record, &PoisonError{Reason: "malformed", Detail: "at byte 2"})
	value[0] = 'x' // the record's memory is used again
	want := map[string]string{
		HeaderReason: "malformed", HeaderDetail: "at byte 2", HeaderTopic: "in#2", HeaderPartition: "3", HeaderOffset: "41",
		HeaderTime: "1700000000123", HeaderKey: "k\x00", HeaderOriginal + "trace": "\x01\x02",
	}
	for _, h := range got.Headers {
		if want[h.Key] != string(h.Value) {
			t.Errorf("header %s is %q, want %q", h.Key, h.Value, want[h.Key])
		}
		delete(want, h.Key)
	}
	if len(want) > 0 {
		t.Errorf("headers are missing: %q", want)
	}
	if string(got.Value) != "\xff\x00{" || string(got.Key) != "in#2/3/41" || got.Topic != "dead" {
		t.Errorf("the message is %q %q to %s", got.Key, got.Value, got.Topic)
	}
}

func TestDeadLetterTellsNullFromEmpty(t *testing.T) {
	for name, c := range map[string]struct {
		value []byte
		null  bool
	}{"null": {nil, true}, "empty": {[]byte{}, false}} {
		null := false
		for _, h := range DeadLetter("dead", Record{Value: c.value}, &PoisonError{}).Headers {
			null = null || h.Key == HeaderNull
		}
		if null != c.null {
			t.Errorf("%s: header %s is there: %v, want %v", name, HeaderNull, null, c.null)
		}
	}
}

func TestDeadLetterHeadersAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/dead-letters.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{HeaderReason, HeaderDetail, HeaderTopic, HeaderPartition, HeaderOffset, HeaderTime, HeaderKey, HeaderNull, HeaderOriginal + "<name>"} {
		if !strings.Contains(string(text), "| `"+header+"` |") {
			t.Errorf("docs/dead-letters.md does not list the header %s", header)
		}
	}
}

// A producer cannot make its own records pass for copies of others.
func TestOriginIsARecordBeforeInTheSamePartition(t *testing.T) {
	for header, counts := range map[string]bool{
		"in#2/3/40": true, "in#2/3/0": true,
		"in#2/3/41": false, "in#2/3/42": false, "in#2/4/40": false, "in/3/40": false, "in#2/3": false, "in#2/3/": false, "in#2/3/-1": false,
		"in#2/3/040": false, "in#2/3/+4": false, "in#2/3/4 ": false, "x": false, "": false, "in#2/3/99999999999999999999": false,
	} {
		r := Record{Topic: "in#2", Partition: 3, Offset: 41, Headers: []Header{{Key: "a"}, {HeaderReplayOf, []byte(header)}}}
		want := ""
		if counts {
			want = header
		}
		if got := r.Replays(); got != want {
			t.Errorf("header %q: origin %q, want %q", header, got, want)
		}
	}
}
