package store

import (
	"fmt"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/ClickHouse/ch-go/proto"
	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/schema"
)

// What goes into a coded column comes out of its encoding, also after Reset
// and whatever the number of distinct values makes the width of the keys.
func TestCodedRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCoded()
		for range rapid.IntRange(1, 3).Draw(t, "rounds") {
			c.Reset()
			distinct := rapid.SampledFrom([]int{1, 3, 256, 257, 70_000}).Draw(t, "distinct")
			values := make([]string, 0, distinct+10)
			for i := range distinct {
				values = append(values, fmt.Sprint("v", i))
			}
			values = append(values, rapid.SliceOfN(rapid.StringN(0, 5, 20), 1, 10).Draw(t, "values")...)
			for _, v := range values {
				c.add(v)
			}
			if err := c.Prepare(); err != nil {
				t.Fatal(err)
			}
			var b proto.Buffer
			c.EncodeColumn(&b)
			got := new(proto.ColStr).LowCardinality()
			if err := got.DecodeColumn(b.Reader(), len(values)); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Values, values) {
				t.Fatal("values differ")
			}
		}
	})
}

// A block keeps nothing of an event: changing the memory it was decoded into
// changes no row.
func TestBlockKeepsNothing(t *testing.T) {
	b := NewBlock()
	memory := []byte("e-1042profiles")
	words := unsafe.String(&memory[0], len(memory))
	b.Append(&schema.AccessEvent{Accessor: schema.Accessor{ID: words[:6]}, Resource: schema.Resource{Store: words[6:]}}, schema.Position{Topic: "t"}, time.Now(), "json", "")
	copy(memory, "xxxxxxxxxxxxxx")
	for _, c := range b.Input() {
		switch c.Name {
		case "accessor_id":
			if got := c.Data.(*text).Row(0); got != "e-1042" {
				t.Errorf("accessor_id is %q", got)
			}
		case "resource_store":
			if got := c.Data.(*coded).dict.Row(0); got != "profiles" {
				t.Errorf("resource_store is %q", got)
			}
		}
	}
}

func TestBlockRowsAndBytes(t *testing.T) {
	for _, rows := range []Rows{NewBlock(), NewAlertBlock(), NewIncidentBlock(), NewDeliveryBlock(), NewDeadBlock()} {
		t.Run(rows.Table(), func(t *testing.T) {
			if rows.Rows() != 0 || rows.Bytes() != 0 {
				t.Errorf("new: %d rows, %d bytes", rows.Rows(), rows.Bytes())
			}
			for i := range 3 {
				before := rows.Bytes()
				appendOne(rows)
				if rows.Rows() != i+1 || rows.Bytes() <= before {
					t.Errorf("%d rows, %d bytes after %d", rows.Rows(), rows.Bytes(), before)
				}
			}
			for _, c := range rows.Input() {
				if c.Data.Rows() != 3 {
					t.Errorf("column %s has %d rows, want 3", c.Name, c.Data.Rows())
				}
			}
			rows.Reset()
			for _, c := range rows.Input() {
				if c.Data.Rows() != 0 {
					t.Errorf("column %s has %d rows after Reset", c.Name, c.Data.Rows())
				}
			}
			if rows.Bytes() != 0 {
				t.Errorf("%d bytes after Reset", rows.Bytes())
			}
		})
	}
}

func appendOne(rows Rows) {
	pos := schema.Position{Topic: "t", Partition: 1, Offset: 2}
	switch b := rows.(type) {
	case *Block:
		b.Append(&schema.AccessEvent{}, pos, time.Now(), "json", "")
	case *AlertBlock:
		b.Append(&schema.Alert{}, pos, time.Now())
	case *IncidentBlock:
		b.Append(&schema.IncidentChange{}, pos, time.Now())
	case *DeliveryBlock:
		b.Append(&schema.Delivery{}, pos, time.Now())
	case *DeadBlock:
		b.Append(&DeadLetter{}, pos, time.Now())
	}
}

func TestExtend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offsets := rapid.SliceOf(rapid.Int64Range(0, 50)).Draw(t, "offsets")
		slices.Sort(offsets) // copies stay
		var held []Range
		for _, o := range offsets {
			held = extend(held, o)
		}
		for i, r := range held {
			if r.From > r.To || i > 0 && held[i-1].To+1 >= r.From {
				t.Fatalf("not ascending and apart: %v", held)
			}
		}
		for o := range int64(52) {
			if Contains(held, o) != slices.Contains(offsets, o) {
				t.Fatalf("%d: wrong in %v", o, held)
			}
		}
	})
}
