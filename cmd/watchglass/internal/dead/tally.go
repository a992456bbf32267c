package dead

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

// kind is what letters are counted by.
type kind struct {
	reason schema.Reason
	topic  string
}

type count struct {
	sent    int
	bytes   uint64
	refused map[Refusal]int
}

// Tally is what became of the letters of one run.
type Tally struct {
	Sent int
	Left int // that were not come to: over the limit, or behind an error

	// Unsettled are letters that could not be sent although their records are
	// not stored, with the reason.
	Unsettled map[schema.Position]Refusal

	kinds map[kind]*count
}

func newTally() *Tally {
	return &Tally{Unsettled: map[schema.Position]Refusal{}, kinds: map[kind]*count{}}
}

func (t *Tally) of(e *store.DeadEntry) *count {
	k := kind{e.Reason, e.Source.Topic}
	if t.kinds[k] == nil {
		t.kinds[k] = &count{refused: map[Refusal]int{}}
	}
	return t.kinds[k]
}

func (t *Tally) send(e *store.DeadEntry) {
	c := t.of(e)
	c.sent++
	c.bytes += e.Value
	t.Sent++
}

func (t *Tally) refuse(e *store.DeadEntry, why Refusal) {
	t.of(e).refused[why]++
	if !why.Settled() {
		t.Unsettled[e.Source] = why
	}
}

// Print says what was sent, or would be, by reason and topic, and why the rest
// was not.
func (t *Tally) Print(out io.Writer, dryRun bool) error {
	if len(t.kinds) == 0 {
		_, err := fmt.Fprintln(out, "no dead letters to replay")
		return err
	}
	heading := "SENT"
	if dryRun {
		heading = "TO SEND"
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "REASON\tTOPIC\t%s\tBYTES\tNOT SENT\n", heading)
	order := slices.SortedFunc(maps.Keys(t.kinds), func(a, b kind) int {
		return cmp.Or(cmp.Compare(a.reason, b.reason), cmp.Compare(a.topic, b.topic))
	})
	all := map[Refusal]bool{}
	for _, k := range order {
		c := t.kinds[k]
		var not []string
		for _, why := range slices.Sorted(maps.Keys(c.refused)) {
			not = append(not, fmt.Sprintf("%d %s", c.refused[why], why))
			all[why] = true
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\n", clean(string(k.reason)), clean(k.topic), c.sent, c.bytes, cmp.Or(strings.Join(not, "; "), "-"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, why := range slices.Sorted(maps.Keys(all)) {
		if remedy := why.Remedy(); remedy != "" {
			if _, err := fmt.Fprintf(out, "%s: %s\n", why, remedy); err != nil {
				return err
			}
		}
	}
	if t.Left > 0 {
		if _, err := fmt.Fprintf(out, "%d letters are left for another run\n", t.Left); err != nil {
			return err
		}
	}
	return nil
}
