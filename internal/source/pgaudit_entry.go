package source

import (
	"bytes"
	"strconv"
)

// noRelation is the dataset of an audit line that names no relation: with
// pgaudit.log_relation off, for cursors, for statements without a table. It is
// stored all the same: what cannot be classified must not escape.
const noRelation = "unknown"

// auditEntry is one line of pgaudit: comma-separated values behind `AUDIT: `.
// Its bytes belong to it or to the text it was parsed from, until the next
// parse.
type auditEntry struct {
	kind, class, command, objectType, object, statement, parameters []byte

	rows    uint64 // with pgaudit.log_rows
	fields  [][]byte
	scratch []byte
}

// Fields of an audit line, in order. Rows are there with pgaudit.log_rows.
const (
	auditType = iota
	auditStatementID
	auditSubstatementID
	auditClass
	auditCommand
	auditObjectType
	auditObject
	auditStatement
	auditParameters
	auditRows
)

func (e *auditEntry) parse(text []byte) bool {
	if !e.split(text) || len(e.fields) < auditRows || len(e.fields) > auditRows+1 {
		return false
	}
	f := e.fields
	e.kind, e.class, e.command = f[auditType], f[auditClass], f[auditCommand]
	if string(e.kind) != "SESSION" && string(e.kind) != "OBJECT" {
		return false
	}
	e.objectType, e.object = f[auditObjectType], f[auditObject]
	e.statement, e.parameters = logged(f[auditStatement]), logged(f[auditParameters])
	e.rows = 0
	if len(f) > auditRows {
		n, err := strconv.ParseUint(string(f[auditRows]), 10, 64)
		if err != nil {
			return false
		}
		e.rows = n
	}
	return true
}

// logged maps pgaudit's stand-ins to nothing.
func logged(b []byte) []byte {
	switch string(b) {
	case "<none>", "<not logged>", "<previously logged>":
		return nil
	}
	return b
}

// split cuts comma-separated values; a value in quotes has its quotes doubled.
func (e *auditEntry) split(b []byte) bool {
	e.fields = e.fields[:0]
	if cap(e.scratch) > largeRecord {
		e.scratch = nil
	}
	e.scratch = append(e.scratch[:0], b...)
	b = e.scratch
	for {
		if len(b) == 0 || b[0] != '"' {
			value, rest, more := bytes.Cut(b, []byte{','})
			e.fields = append(e.fields, value)
			if !more {
				return true
			}
			b = rest
		} else {
			value, rest, ok := unquote(b[1:])
			if !ok {
				return false
			}
			e.fields = append(e.fields, value)
			if len(rest) == 0 {
				return true
			}
			if rest[0] != ',' {
				return false
			}
			b = rest[1:]
		}
		if len(e.fields) > auditRows+1 {
			return false
		}
	}
}

// unquote reads a quoted value behind its opening quote, in place, and returns
// it with what follows its closing one.
func unquote(b []byte) (value, rest []byte, ok bool) {
	n := 0
	for i := 0; i < len(b); i++ {
		if b[i] == '"' {
			if i+1 == len(b) || b[i+1] != '"' {
				return b[:n], b[i+1:], true
			}
			i++
		}
		b[n] = b[i]
		n++
	}
	return nil, nil, false
}

// action says what an entry does, or that it is no access of its own: what
// pgaudit calls MISC (BEGIN, SET, FETCH …), a PREPARE (its execution is
// logged), a DO (its statements are), a COPY of a query (the query is). tag is
// the `ps` of the line, the command the client sent: it tells an export and a
// copy into another table from a query.
func (e *auditEntry) action(tag []byte) (string, bool) {
	switch class, command := string(e.class), string(e.command); class {
	case "READ":
		switch command {
		case "PREPARE":
			return "", false
		case "COPY":
			_, query := copied(e.statement)
			return "export", !query
		}
		switch string(tag) {
		case "COPY":
			return "export", true
		case "INSERT", "CREATE TABLE AS", "SELECT INTO", "CREATE MATERIALIZED VIEW", "REFRESH MATERIALIZED VIEW", "MERGE":
			return "copy", true
		}
		return "query", true
	case "WRITE":
		if command == "DELETE" || command == "TRUNCATE TABLE" || command == "TRUNCATE" {
			return "delete", true
		}
		return "modify", true
	case "DDL":
		if bytes.HasPrefix(e.command, []byte("DROP ")) {
			return "delete", true
		}
		return "modify", true
	case "ROLE":
		return "grant", true
	case "FUNCTION":
		return "query", command != "DO"
	default:
		return "", false
	}
}

// relation is the relation that the entry names, or that a COPY names in its
// text: pgaudit does not name it there. It is without quotes, so that a name
// is the same however it was written.
func (e *auditEntry) relation() []byte {
	name := e.object
	if len(name) == 0 && string(e.command) == "COPY" {
		copied, _ := copied(e.statement)
		name = []byte(copied)
	}
	if name = plainName(name); len(name) == 0 {
		return []byte(noRelation)
	}
	return name
}

// plainName removes the quotes of a qualified name: `users."Odd ""x"""` is
// `users.Odd "x"`.
func plainName(b []byte) []byte {
	if bytes.IndexByte(b, '"') < 0 {
		return b
	}
	out, quoted := make([]byte, 0, len(b)), false
	for i := 0; i < len(b); i++ {
		if b[i] != '"' {
			out = append(out, b[i])
			continue
		}
		if quoted && i+1 < len(b) && b[i+1] == '"' {
			out = append(out, '"')
			i++
			continue
		}
		quoted = !quoted
	}
	return out
}
