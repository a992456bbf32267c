package verify

// Report is what became of one partition's offsets.
type Report struct {
	Topic     string            `json:"topic"`
	Partition int32             `json:"partition"`
	From      int64             `json:"from"`
	To        int64             `json:"to"` // exclusive
	Counts    map[Verdict]int64 `json:"counts"`
	Pending   int64             `json:"pending"`    // not finished yet, behind what the group has committed
	Read      int64             `json:"read"`       // offsets that were held against Kafka's own records
	KafkaFrom int64             `json:"kafka_from"` // Kafka's records were read from here on; -1: they were not
	InLedger  int64             `json:"in_ledger"`  // offsets that the ledger has an entry for
	Unchecked Spans             `json:"unchecked"`  // neither Kafka nor the ledger says what they have to be; what is stored of them is counted all the same
	Holes     Spans             `json:"holes"`      // no entry of the ledger, although it begins before them
	Faults    []Fault           `json:"-"`          // the first of them
	Faulty    int64             `json:"faulty"`     // offsets with a faulty verdict
	Runs      int64             `json:"runs"`       // runs of them
	Notes     []string          `json:"notes,omitempty"`
}

// Checked is how many offsets were looked at.
func (r *Report) Checked() int64 { return r.To - r.From }

// keptMost bounds what a report remembers of each list.
const keptMost = 20

// Spans is a list of runs of offsets, of which only the first are kept.
type Spans struct {
	Offsets int64      `json:"offsets"`
	Runs    int64      `json:"runs"`
	First   [][2]int64 `json:"first,omitempty"` // from and to, both included
	last    int64
}

// add takes an offset that is above all that came before.
func (s *Spans) add(offset int64) {
	s.Offsets++
	n := int64(len(s.First))
	if s.Runs > 0 && s.last+1 == offset {
		if s.Runs == n {
			s.First[n-1][1] = offset
		}
		s.last = offset
		return
	}
	s.Runs++
	s.last = offset
	if n < keptMost {
		s.First = append(s.First, [2]int64{offset, offset})
	}
}

// faults gathers the runs of faults of a partition, across windows.
type faults struct {
	report *Report
	found  func(*Report, Fault) // hears of every one; nil: nobody does
	last   *Fault
}

func (f *faults) add(list []Fault) {
	for _, next := range list {
		f.report.Faulty += next.Offsets
		if f.last != nil && f.last.joins(next) {
			f.last.To, f.last.Offsets = next.To, f.last.Offsets+next.Offsets
			continue
		}
		f.flush()
		f.last = &next
	}
}

func (f *faults) flush() {
	if f.last == nil {
		return
	}
	f.report.Runs++
	if len(f.report.Faults) < keptMost {
		f.report.Faults = append(f.report.Faults, *f.last)
	}
	if f.found != nil {
		f.found(f.report, *f.last)
	}
	f.last = nil
}

// Summary is what comes out of all reports.
type Summary struct {
	Checked, Faulty int64
	partly          bool // something could not be checked
}

// Add takes one partition's report.
func (s *Summary) Add(r *Report) {
	s.Checked += r.Checked()
	s.Faulty += r.Faulty
	s.partly = s.partly || r.Unchecked.Offsets > 0 || len(r.Notes) > 0
}

// Text is the last sentence, where there is no fault.
func (s *Summary) Text() string {
	switch {
	case s.Checked == 0:
		return "nothing was checked: there is no finished offset in what was asked for"
	case s.partly:
		return "no offset was found missing or doubled, but not all could be checked: see above"
	}
	return "every offset is accounted for, exactly once"
}
