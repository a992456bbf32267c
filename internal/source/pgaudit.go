package source

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"github.com/watchglass/watchglass/schema"
)

// pgauditDecoder reads PostgreSQL's jsonlog (PostgreSQL 15 and later), one
// line a record, and in it the session and object audit lines of pgaudit.
//
// A dead letter would let a read escape, and whoever writes the SQL decides
// how long it is. So what a user can make long (statement, tags, parameters)
// is cut at its limit instead, and named in the attribute `cut`.
type pgauditDecoder struct {
	reader
	span       span
	attributes attributes
	line       logLine
	entry      auditEntry
	cut        []string

	stores, datasets, agents, purposes interner
}

func newPGAudit(c Config) *pgauditDecoder {
	return &pgauditDecoder{span: span{before: c.MaxAge, after: c.MaxAhead}}
}

// logLine holds the members of one line that matter here. The bytes are the
// parser's.
type logLine struct {
	timestamp, user, database, host, session, message, application, tag []byte

	number uint64
	told   bool // has a `context` or a `statement`
}

// Decode implements [Decoder].
func (d *pgauditDecoder) Decode(value []byte, at time.Time, ev *schema.AccessEvent) error {
	reset(ev)
	d.attributes.reset()
	d.line, d.cut = logLine{}, d.cut[:0]
	if o := d.parse(value); o != nil {
		d.members(o)
	}
	if d.err != nil {
		return d.err
	}
	text, ok := bytes.CutPrefix(d.line.message, []byte("AUDIT: "))
	// pgaudit suppresses context and statement of its lines. RAISE LOG, with
	// which anybody could write an audit line of somebody else's, does not.
	if !ok || d.line.told {
		return ErrSkipped
	}
	if !d.entry.parse(text) {
		return poison(schema.ReasonMalformed, "message: the audit line does not have pgaudit's fields")
	}
	action, ok := d.entry.action(d.line.tag)
	if !ok {
		return ErrSkipped
	}
	d.fill(ev, action, at)
	if d.err != nil {
		return d.err
	}
	return nil
}

// members reads a line. All that are not read are checked for what JSON
// forbids, and not kept.
func (d *pgauditDecoder) members(o *fastjson.Object) {
	l := &d.line
	var s seen
	text := func(number int, path string, v *fastjson.Value) []byte {
		if !d.once(&s, number, path, v) {
			return nil
		}
		return d.raw(path, v, schema.MaxRecordBytes)
	}
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "timestamp":
			l.timestamp = text(0, "timestamp", v)
		case "user":
			l.user = text(1, "user", v)
		case "dbname":
			l.database = text(2, "dbname", v)
		case "remote_host":
			l.host = text(3, "remote_host", v)
		case "session_id":
			l.session = text(4, "session_id", v)
		case "message":
			l.message = text(5, "message", v)
		case "application_name":
			l.application = text(6, "application_name", v)
		case "ps":
			l.tag = text(7, "ps", v)
		case "line_num":
			if d.once(&s, 8, "line_num", v) {
				l.number = d.number("line_num", v)
			}
		case "context":
			l.told = len(text(9, "context", v)) > 0 || l.told
		case "statement":
			l.told = len(text(10, "statement", v)) > 0 || l.told
		default:
			d.check("a member", v)
		}
	})
}

func (d *pgauditDecoder) fill(ev *schema.AccessEvent, action string, at time.Time) {
	l, e := &d.line, &d.entry
	var err *schema.PoisonError
	if ev.Time, err = parseLogTime(l.timestamp); err != nil {
		d.err = err
		return
	}
	for _, must := range []struct {
		path string
		b    []byte
	}{{"user", l.user}, {"dbname", l.database}} {
		if len(must.b) == 0 {
			d.fail(schema.ReasonMissing, must.path, "is required")
		} else if len(must.b) > schema.MaxIDBytes {
			d.fail(schema.ReasonTooLong, must.path, "is over "+strconv.Itoa(schema.MaxIDBytes)+" bytes")
		}
	}
	if d.err == nil {
		d.err = d.span.check(ev.Time, at)
	}
	if d.err != nil {
		return
	}
	ev.Action, ev.Outcome = action, "allowed"
	ev.Accessor.ID, ev.Accessor.Kind = d.chunk.copy(l.user), "person"
	ev.Accessor.Session = d.limited("session_id", l.session, schema.MaxIDBytes)
	if len(l.session) > 0 && l.number > 0 {
		ev.ID = d.limited("id", strconv.AppendUint(append(append(d.scratch[:0], ev.Accessor.Session...), '/'), l.number, 10), schema.MaxIDBytes)
	}
	ev.Origin.UserAgent = d.agents.get(d.bounded("application_name", l.application, schema.MaxReasonBytes), &d.chunk)
	ev.Resource.Store = d.stores.get(l.database, &d.chunk)
	ev.Resource.Dataset = d.datasets.get(d.bounded("object_name", e.relation(), schema.MaxIDBytes), &d.chunk)
	ev.Rows = e.rows
	ev.Statement = d.limited("statement", e.statement, schema.MaxTextBytes)
	ev.Producer = schema.Producer{Name: "postgresql", Sequence: l.number}
	d.tags(ev)
	d.place(ev)
	d.note("pgaudit.type", e.kind)
	d.note("pgaudit.class", e.class)
	d.note("pgaudit.command", e.command)
	d.note("pgaudit.object_type", e.objectType)
	d.note("pgaudit.parameters", e.parameters)
	d.note("cut", []byte(strings.Join(d.cut, ",")))
	ev.Attributes = d.attributes.finish(&d.reader, ev.Attributes)
}

// place reads remote_host: `[local]` is a Unix socket, and with log_hostname
// it may be a name, which is no place.
func (d *pgauditDecoder) place(ev *schema.AccessEvent) {
	host := d.limited("remote_host", d.line.host, schema.MaxIDBytes)
	if host == "" || host == "[local]" {
		return
	}
	if addr, ok := parseAddress(host); ok {
		ev.Origin.IP = addr
	} else {
		d.note("remote_host", []byte(host))
	}
}

// note keeps an attribute, unless it is empty.
func (d *pgauditDecoder) note(key string, value []byte) {
	if len(value) == 0 || d.attributes.kept >= schema.MaxAttributes {
		return
	}
	d.attributes.kept++
	d.attributes.met = append(d.attributes.met, attribute{Attribute: schema.Attribute{
		Key: d.attributes.keys.get([]byte(key), &d.chunk), Value: d.limited(key, value, schema.MaxReasonBytes),
	}})
}

// bounded cuts b at a limit, between two characters, and notes it.
func (d *pgauditDecoder) bounded(what string, b []byte, limit int) []byte {
	if len(b) <= limit {
		return b
	}
	if !slices.Contains(d.cut, what) {
		d.cut = append(d.cut, what)
	}
	return bytes.ToValidUTF8(b[:limit], nil)
}

func (d *pgauditDecoder) limited(what string, b []byte, limit int) string {
	return d.chunk.copy(d.bounded(what, b, limit))
}
