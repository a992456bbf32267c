package stream

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestBudget(t *testing.T) {
	b := NewBudget(100, NewMetrics(prometheus.NewRegistry()))
	step := func(add int64, tight, spent bool) {
		t.Helper()
		b.add(add)
		if b.tight() != tight || (b.spent() != nil) != spent {
			t.Errorf("at %d: tight %v and spent %v, want %v and %v", b.used, b.tight(), b.spent() != nil, tight, spent)
		}
	}
	step(50, false, false)
	step(1, true, false)
	step(49, true, false)
	step(1, true, true)
	room := b.spent()
	select {
	case <-room:
		t.Fatal("there is room before anything is given back")
	default:
	}
	b.add(-1)
	<-room
	step(-100, false, false)
}

func TestOneLaneAtATimeOverdraws(t *testing.T) {
	b := NewBudget(100, NewMetrics(prometheus.NewRegistry()))
	b.add(200)
	first, second := &lane{}, &lane{}
	if !b.overdraw(first) || b.overdraw(second) || !b.overdraw(first) {
		t.Fatal("want the first lane alone to go on")
	}
	room := b.spent()
	b.settle(second) // has none: nothing changes
	if b.overdraw(second) {
		t.Fatal("the second lane goes on while the first does")
	}
	b.settle(first)
	<-room // the second hears that it may try
	if !b.overdraw(second) {
		t.Fatal("the second lane may not go on after the first has")
	}
}
