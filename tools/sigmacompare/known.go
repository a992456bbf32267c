package main

// class is a kind of disagreement that was decided by the specification's text;
// docs/conformance.md tells how.
type class struct {
	name string
	is   func(d disagreement) bool
}

func classes() []class {
	return []class{}
}

// classOf is the name of the class of a reduced disagreement, "" if there is none.
func classOf(d disagreement) string {
	for _, c := range classes() {
		if c.is(d) {
			return c.name
		}
	}
	return ""
}
