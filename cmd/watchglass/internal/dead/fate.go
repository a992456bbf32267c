package dead

import (
	"context"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

// Fate is what became of a letter's record by replaying it.
type Fate struct {
	Row   *schema.Position // it is stored there
	Again *schema.Position // it was replayed, and there it could not be handled either
	// Unknown says that ClickHouse does not let this user see the rows.
	Unknown bool
}

// Fates tells what became of each of the letters.
func Fates(ctx context.Context, db *store.DB, entries []store.DeadEntry) ([]Fate, error) {
	origins := make([]string, len(entries))
	for i := range entries {
		origins[i] = Origin(&entries[i])
	}
	again, err := db.DeadAgain(ctx, origins)
	if err != nil {
		return nil, err
	}
	rows, err := db.ReplayRows(ctx, origins)
	denied := store.AccessDenied(err)
	if err != nil && !denied {
		return nil, err
	}
	fates := make([]Fate, len(entries))
	for i := range entries {
		fates[i].Unknown = denied
		if row, ok := rows[origins[i]]; ok {
			fates[i].Row = &row
		}
		for _, p := range again[origins[i]] {
			if p.Topic == entries[i].Source.Topic && p.Partition == entries[i].Source.Partition && p.Offset > entries[i].Source.Offset {
				fates[i].Again = &p
				break
			}
		}
	}
	return fates, nil
}

// String says it in a few words.
func (f Fate) String() string {
	switch {
	case f.Row != nil:
		return "row at " + Text(*f.Row)
	case f.Again != nil:
		return "dead again at " + Text(*f.Again)
	case f.Unknown:
		return "not known"
	}
	return "-"
}
