package sigma

import (
	"net/netip"
	"strconv"
	"time"
	"unsafe"
)

// leaf is one value in an event.
type leaf struct {
	kind kind
	text string     // as it was written, or "" until textOf makes it
	num  number     // of kindNumber
	flag bool       // of kindBool
	addr netip.Addr // of typed addresses
	time time.Time  // of typed times

	folded   string
	isFolded bool
}

// textOf is the value as text rules see it.
func (l *leaf) textOf() string {
	if l.text != "" {
		return l.text
	}
	switch {
	case l.kind == kindBool:
		return strconv.FormatBool(l.flag)
	case l.kind == kindNumber:
		l.text = strconv.FormatUint(l.num.magnitude, 10) // typed events hold no others
	case l.addr.IsValid():
		l.text = l.addr.String()
	case !l.time.IsZero():
		l.text = l.time.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	return l.text
}

// fieldValue is what an event holds under one path: none, one, or (lists) many
// leaves. It is reused from event to event.
type fieldValue struct {
	loaded bool
	exists bool // the path is there, whatever it holds
	null   bool // null, or not there at all
	empty  bool // typed events: nothing there, which '' matches as well
	leaves []leaf
	folds  []byte // backs the folded texts of this event
}

func (v *fieldValue) reset() {
	v.loaded, v.exists, v.null, v.empty = true, false, false, false
	v.leaves, v.folds = v.leaves[:0], v.folds[:0]
}

// foldOf is the folded text of a leaf, valid until the next reset.
func (v *fieldValue) foldOf(l *leaf) string {
	if l.isFolded {
		return l.folded
	}
	l.folded, l.isFolded = l.textOf(), true
	if isFolded(l.folded) {
		return l.folded
	}
	from := len(v.folds)
	v.folds = appendFold(v.folds, l.folded)
	// No allocation: the bytes are written once per event, and an append that has
	// to move leaves those that were handed out where they are.
	l.folded = unsafe.String(&v.folds[from], len(v.folds)-from)
	return l.folded
}

// event is one event that fields are read from. load fills a reset value; the
// field with the empty path is every text there is, for keywords.
type event interface {
	load(f *field, into *fieldValue)
}
