// Package sigma is the rule language: Sigma 2.x as published, on the field
// names of package schema.
//
// A rule passes through five steps, each in files of its own: YAML becomes a
// checked tree (yaml.go, parse.go, detection.go, condition.go), the tree
// becomes predicates on fields and a boolean expression over them
// (compile.go, modifier.go, pattern.go), the predicates of a set are indexed by
// field (index.go, group.go, texts.go, trigger.go), a [Matcher] brings the values
// of one event after the other down to classes (class.go, memo.go), and classes to
// rules (match.go, outcome.go), for typed events (access.go) or raw JSON (json.go).
//
// It promises: what a rule says is done as the specification says, or the
// rule is refused at load with file:line:column, what was wrong and what was
// expected; nothing is ignored silently. A [Set] is immutable and safe for
// concurrent use; a Matcher belongs to one goroutine. No result depends on what
// a Matcher remembers: a plain evaluator that remembers nothing is
// the yardstick of the tests.
package sigma
