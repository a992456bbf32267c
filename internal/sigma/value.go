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

// number is the leaf as a number; a text that reads as one counts.
func (l *leaf) number() (number, bool) {
	switch l.kind {
	case kindNumber:
		return l.num, true
	case kindText:
		return parseNumber(l.text)
	}
	return number{}, false
}

// address is the leaf as an address; an IPv4 address mapped to IPv6 is the IPv4
// address, zones do not count.
func (l *leaf) address() (netip.Addr, bool) {
	addr := l.addr
	if !addr.IsValid() {
		if l.kind != kindText {
			return addr, false
		}
		var err error
		if addr, err = netip.ParseAddr(l.text); err != nil {
			return addr, false
		}
	}
	return addr.Unmap().WithZone(""), true
}

// fieldValue is what an event holds under one path: none, one, or (lists) many
// leaves. It is reused from event to event.
type fieldValue struct {
	loaded bool
	exists bool // the path is there, whatever it holds
	null   bool // null, or not there at all
	empty  bool // typed events: nothing there, which '' matches as well
	leaves []leaf
	made   []byte // backs the texts that were made for this event
}

func (v *fieldValue) reset() {
	v.loaded, v.exists, v.null, v.empty = true, false, false, false
	v.leaves, v.made = v.leaves[:0], v.made[:0]
}

// textOf is the value as text rules see it, valid until the next reset.
func (v *fieldValue) textOf(l *leaf) string {
	if l.text != "" {
		return l.text
	}
	from := len(v.made)
	switch {
	case l.kind == kindBool:
		return strconv.FormatBool(l.flag)
	case l.kind == kindNumber:
		v.made = strconv.AppendUint(v.made, l.num.magnitude, 10) // typed events hold no others
	case l.addr.IsValid():
		v.made = l.addr.AppendTo(v.made)
	case !l.time.IsZero():
		v.made = l.time.UTC().AppendFormat(v.made, "2006-01-02T15:04:05.000Z07:00")
	}
	l.text = v.madeFrom(from)
	return l.text
}

// madeFrom is the text that was made at the end of v.made. No allocation: the
// bytes are written once per event, and an append that has to move leaves those
// that were handed out where they are.
func (v *fieldValue) madeFrom(from int) string {
	if from == len(v.made) {
		return ""
	}
	return unsafe.String(&v.made[from], len(v.made)-from)
}

// foldOf is the folded text of a leaf, valid until the next reset.
func (v *fieldValue) foldOf(l *leaf) string {
	if l.isFolded {
		return l.folded
	}
	l.folded, l.isFolded = v.textOf(l), true
	if !isFolded(l.folded) {
		from := len(v.made)
		v.made = appendFold(v.made, l.folded)
		l.folded = v.madeFrom(from)
	}
	return l.folded
}

// event is one event that fields are read from. load fills a reset value; the
// field with the empty path is every text there is, for keywords.
type event interface {
	load(f *field, into *fieldValue)
	// text is what a text field holds, "" if nothing; false: it has to be loaded.
	text(f *field) (string, bool)
}
