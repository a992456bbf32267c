package verify

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// meaning says to a stranger what a verdict is.
func meaning(v Verdict) string {
	switch v {
	case Row:
		return "stored, as exactly one row"
	case DeadLetter:
		return "could not be read, and is kept byte for byte"
	case Skipped:
		return "is no access record, as the format says"
	case Copy:
		return "is a dead letter replayed again: stored from its first replay"
	case NoRecord:
		return "holds no record: a transaction's marker, aborted, or compacted away"
	case Unread:
		return "was never read: Kafka had removed it, or an operator moved over it; a dead letter says so"
	case Erased:
		return "was erased on purpose: the table erasures says when and why"
	case Expired:
		return "was stored, and its retention is over"
	case Missing:
		return "is not there, and nothing accounts for it"
	case Doubled:
		return "is there more than once"
	case Unexpected:
		return "is a row, and must not be one"
	}
	return ""
}

// Print writes a report as a table for people.
func (r *Report) Print(out io.Writer) error {
	var b strings.Builder
	if r.Checked() == 0 {
		fmt.Fprintf(&b, "%s/%d: no offset to check", r.Topic, r.Partition)
	} else {
		fmt.Fprintf(&b, "%s/%d: offsets %d to %d", r.Topic, r.Partition, r.From, r.To-1)
	}
	if r.Pending > 0 {
		fmt.Fprintf(&b, "; %d more are pending, which the workers have not finished yet", r.Pending)
	}
	b.WriteString("\n")
	for _, v := range Verdicts() {
		if n := r.Counts[v]; n > 0 {
			fmt.Fprintf(&b, "  %12d  %-11s  %s\n", n, v, meaning(v))
		}
	}
	if r.Checked() > 0 {
		fmt.Fprintf(&b, "  %12d  in all; held against Kafka's own records: %d, against the ledger: %d\n", r.Checked(), r.Read, r.InLedger)
	}
	if r.KafkaFrom > r.From {
		fmt.Fprintf(&b, "  below offset %d Kafka has no records any more: there only the ledger counts\n", r.KafkaFrom)
	}
	if r.Unchecked.Offsets > 0 {
		fmt.Fprintf(&b, "  NOT CHECKED: %s: neither Kafka nor the ledger says what they have to be\n", r.Unchecked)
	}
	if r.Holes.Offsets > 0 {
		fmt.Fprintf(&b, "  no entry in the ledger, which begins before them: %s\n", r.Holes)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "  NOT CHECKED: %s\n", note)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// String names the first runs, and counts the rest.
func (s Spans) String() string {
	var runs []string
	for _, r := range s.First {
		runs = append(runs, offsets(r[0], r[1]))
	}
	if more := s.Runs - int64(len(s.First)); more > 0 {
		runs = append(runs, fmt.Sprintf("and %d more runs", more))
	}
	return fmt.Sprintf("%d offsets (%s)", s.Offsets, strings.Join(runs, ", "))
}

// Text is one fault in words.
func (f Fault) Text(r *Report) string {
	span := offsets(f.From, f.To)
	switch {
	case f.Reason == SomeExpired:
		span = fmt.Sprintf("%d of the offsets %s", f.Offsets, span)
	case f.Offsets > 1:
		span += fmt.Sprintf(" (%d offsets)", f.Offsets)
	}
	return fmt.Sprintf("%s/%d: %s %s: %s", r.Topic, r.Partition, f.Verdict, span, f.Reason)
}

func offsets(from, to int64) string {
	if from == to {
		return strconv.FormatInt(from, 10)
	}
	return strconv.FormatInt(from, 10) + "-" + strconv.FormatInt(to, 10)
}

// JSON writes a report as one line.
func (r *Report) JSON(out io.Writer) error {
	return json.NewEncoder(out).Encode(struct {
		Kind string `json:"kind"`
		*Report
	}{"partition", r})
}

// JSON writes a fault as one line.
func (f Fault) JSON(out io.Writer, r *Report) error {
	return json.NewEncoder(out).Encode(struct {
		Kind      string `json:"kind"`
		Topic     string `json:"topic"`
		Partition int32  `json:"partition"`
		Fault
	}{"fault", r.Topic, r.Partition, f})
}
