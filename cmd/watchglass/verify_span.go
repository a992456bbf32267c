package main

import (
	"context"
	"strconv"
	"time"

	"github.com/watchglass/watchglass/cmd/watchglass/internal/verify"
	"github.com/watchglass/watchglass/internal/stream"
)

// verifyBound is an offset or a time.
type verifyBound struct {
	offset int64
	at     time.Time
}

func parseVerifyBound(flag, text string) (b verifyBound, err error) {
	if text == "" {
		return b, nil
	}
	if b.offset, err = strconv.ParseInt(text, 10, 64); err == nil && b.offset >= 0 {
		return b, nil
	}
	if b.at, err = time.Parse(time.RFC3339, text); err == nil && !b.at.IsZero() {
		return b, nil
	}
	return b, usagef("%s %q is neither an offset nor a time such as 2026-11-24T06:00:00Z", flag, text)
}

// span turns times into offsets: by Kafka where it has the records, else by
// what ClickHouse has, widened to whole ranges.
func (v *verification) span(ctx context.Context, s stream.Standing) (span verify.Span, empty bool, err error) {
	span = verify.Span{From: v.from.offset, To: v.to.offset}
	if v.from.at.IsZero() && v.to.at.IsZero() {
		return span, false, nil
	}
	first, end, err := v.checks.DB.SpanOf(ctx, s.Name, s.Partition, v.from.at, v.to.at)
	if err != nil {
		return span, false, err
	}
	for _, b := range []struct {
		at     time.Time
		stored int64
		to     *int64
	}{{v.from.at, first, &span.From}, {v.to.at, end, &span.To}} {
		if b.at.IsZero() {
			continue
		}
		*b.to = b.stored
		if v.checks.Kafka == nil {
			continue
		}
		offsets, err := v.checks.Kafka.OffsetsAt(ctx, []stream.Standing{s}, b.at)
		if err != nil {
			return span, false, err
		}
		if offsets[0] > s.Log.First || first == end { // Kafka has what was before
			*b.to = offsets[0]
		}
	}
	return span, v.wish.to != "" && span.To <= span.From, nil
}
