package stream

// progress is where one partition stands in one generation, and what the group
// has to know of it. It decides and does nothing: the lane acts on it, and the
// model of the protocol (model_*_test.go) searches it.
//
// The order of a range's life: records are added to [from,next); it is sealed;
// announced; inserted; finished. At most one is between sealed and finished.
type progress struct {
	from, next int64   // the range under construction
	sealed     Range   // announced, not finished; empty: none
	cut        int64   // a former owner's range has to be sealed here exactly; 0: none
	alerted    int64   // alerts of records below are acknowledged by Kafka
	rewind     *Rewind // after the former owner's range
}

func newProgress(r Resumption) progress {
	return progress{from: r.From, next: r.From, cut: r.Sealed, alerted: r.Alerted, rewind: r.Rewind}
}

// cuts tells whether the range under construction has to be sealed before
// anything at this offset, so that it is exactly the one that was announced.
func (p *progress) cuts(offset int64) bool { return p.cut > 0 && offset >= p.cut }

// pass notes that everything below an offset has been added.
func (p *progress) pass(offset int64) { p.next = max(p.next, offset) }

// seal ends the range under construction. It MUST be announced, with what
// standing returns, before it is inserted.
func (p *progress) seal() Range {
	if p.cut > 0 {
		p.next, p.cut = p.cut, 0
	}
	p.sealed = Range{p.from, p.next}
	p.from = p.next
	return p.sealed
}

// finish notes that the sealed range is stored, and its alerts and dead letters
// are acknowledged. The offset MUST move next, by announcing another range or
// by itself: either is what standing returns.
func (p *progress) finish() {
	p.alerted = max(p.alerted, p.sealed.To)
	p.sealed = Range{}
}

// resumption is where to begin again with a range that is announced, as the
// next owner would: one's own, or a former owner's that is not complete yet.
func (p *progress) resumption() Resumption {
	r := p.sealed
	if p.cut > 0 {
		r = Range{p.from, p.cut}
	}
	return Resumption{From: r.From, Sealed: r.To, Alerted: p.alerted, Rewind: p.rewind, Reason: ResumeAnnounced}
}

// rewound is the place an operator wanted, once the former owner's range is
// finished: nothing else may be announced before it is committed.
func (p *progress) rewound() committed {
	alerted := p.alerted
	if p.rewind.Again {
		alerted = p.rewind.To
	}
	return standing(p.rewind.To, Announcement{Alerted: alerted})
}

// standing is what the group has to know now.
func (p *progress) standing() committed {
	switch {
	case !p.sealed.empty():
		return standing(p.sealed.From, Announcement{Range: p.sealed, Alerted: p.alerted, Rewind: p.rewind})
	case p.cut > 0:
		return standing(p.from, Announcement{Range: Range{p.from, p.cut}, Alerted: p.alerted, Rewind: p.rewind})
	}
	return standing(p.from, Announcement{Alerted: p.alerted})
}

func standing(offset int64, a Announcement) committed {
	switch {
	case !a.empty():
		a.Alerted = max(a.Alerted, offset)
	case a.Alerted <= offset:
		a.Alerted = 0
	}
	return committed{offset: offset, metadata: a.String()}
}
