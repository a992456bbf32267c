package sigma

import (
	"time"

	"github.com/watchglass/watchglass/schema"
)

// field is a path that rules of a set look at.
type field struct {
	path string
	def  schema.Field // zero when no event of package schema has it
	all  []schema.Field
}

// keywordPath is the field that stands for the whole event.
const keywordPath = ""

// newField resolves a path; for keywords, all fields.
func newField(path string) field {
	f := field{path: path}
	if path == keywordPath {
		f.all = schema.Fields()
		return f
	}
	f.def, _ = schema.Lookup(path)
	return f
}

// accessEvent reads a typed event, which does not tell missing, null and
// empty apart: all three are "not there".
type accessEvent struct{ ev *schema.AccessEvent }

func (e *accessEvent) load(f *field, into *fieldValue) {
	if f.path == keywordPath {
		for i := range f.all {
			if k := f.all[i].Kind; k != schema.Bool && k != schema.Time {
				e.read(&f.all[i], into)
			}
		}
		for _, a := range e.ev.Attributes {
			into.leaves = append(into.leaves, leaf{text: a.Value})
		}
		return
	}
	e.read(&f.def, into)
	into.null = !into.exists
}

func (e *accessEvent) text(f *field) (string, bool) {
	if f.def.Str == nil {
		return "", false
	}
	return f.def.Str(e.ev), true
}

func (e *accessEvent) read(def *schema.Field, into *fieldValue) {
	switch {
	case def.Str != nil:
		if s := def.Str(e.ev); s != "" {
			into.exists = true
			into.leaves = append(into.leaves, leaf{text: s})
		}
		into.empty = !into.exists
	case def.Strs != nil:
		list := def.Strs(e.ev)
		for i := range list {
			into.leaves = append(into.leaves, leaf{text: list[i]})
		}
		into.exists = len(list) > 0
		into.empty = !into.exists
	case def.Num != nil:
		n := def.Num(e.ev)
		into.exists = n != 0
		into.leaves = append(into.leaves, leaf{kind: kindNumber, num: wholeNumber(n)})
	case def.Flag != nil:
		into.exists = true
		into.leaves = append(into.leaves, leaf{kind: kindBool, flag: def.Flag(e.ev)})
	case def.Addr != nil:
		if addr := def.Addr(e.ev); addr.IsValid() {
			into.exists = true
			into.leaves = append(into.leaves, leaf{addr: addr})
		}
		into.empty = !into.exists
	case def.Time != nil:
		if at := def.Time(e.ev); at != (time.Time{}) {
			into.exists = true
			into.leaves = append(into.leaves, leaf{time: at})
		}
		into.empty = !into.exists
	}
}

// repeats reports that the field is expected to hold the same texts again and
// again, so that remembering their classes pays.
func (f *field) repeats() bool { return f.def.Distinct }
