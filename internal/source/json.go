package source

import (
	"time"

	"github.com/valyala/fastjson"

	"github.com/watchglass/watchglass/schema"
)

// jsonDecoder reads the JSON of the contract, docs/schema.md.
type jsonDecoder struct {
	reader
	span       span
	attributes attributes

	actions, outcomes, kinds []string

	store, region, dataset, field, agent, purpose, producer interner
}

func newJSON(c Config) *jsonDecoder {
	return &jsonDecoder{
		span:    span{before: c.MaxAge, after: c.MaxAhead},
		actions: schema.Actions(), outcomes: schema.Outcomes(), kinds: schema.AccessorKinds(),
	}
}

// Decode implements [Decoder].
func (d *jsonDecoder) Decode(value []byte, at time.Time, ev *schema.AccessEvent) error {
	reset(ev)
	d.attributes.reset()
	if o := d.parse(value); o != nil {
		d.event(o, ev)
	}
	if d.err == nil {
		d.complete(ev, at)
	}
	ev.Attributes = d.attributes.finish(&d.reader, ev.Attributes)
	if d.err != nil {
		return d.err
	}
	return nil
}

// reset empties ev and keeps its slices for reuse, except such as only the
// rare large event needs.
func reset(ev *schema.AccessEvent) {
	fields, forwarded, ids := ev.Resource.Fields[:0], ev.Origin.Forwarded[:0], ev.Subject.IDs[:0]
	if cap(ids) > 1024 {
		ids = nil
	}
	attributes, rules := ev.Attributes[:0], ev.Rules[:0]
	*ev = schema.AccessEvent{Attributes: attributes, Rules: rules}
	ev.Resource.Fields, ev.Origin.Forwarded, ev.Subject.IDs = fields, forwarded, ids
}

// complete sets the defaults and checks what must be there.
func (d *jsonDecoder) complete(ev *schema.AccessEvent, at time.Time) {
	switch {
	case ev.Time.IsZero():
		d.fail(schema.ReasonMissing, "time", "is required")
	case ev.Action == "":
		d.fail(schema.ReasonMissing, "action", "is required")
	case ev.Accessor.ID == "":
		d.fail(schema.ReasonMissing, "accessor.id", "is required")
	case ev.Resource.Store == "":
		d.fail(schema.ReasonMissing, "resource.store", "is required")
	case ev.Resource.Dataset == "":
		d.fail(schema.ReasonMissing, "resource.dataset", "is required")
	}
	if d.err != nil {
		return
	}
	d.err = d.span.check(ev.Time, at)
	if ev.Outcome == "" {
		ev.Outcome = "allowed"
	}
	if ev.Accessor.Kind == "" {
		ev.Accessor.Kind = "person"
	}
}

func (d *jsonDecoder) event(o *fastjson.Object, ev *schema.AccessEvent) {
	var s seen
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			if d.once(&s, 0, "id", v) {
				ev.ID = d.text("id", v, schema.MaxIDBytes)
			}
		case "time":
			if d.once(&s, 1, "time", v) {
				ev.Time = d.time("time", v)
			}
		case "action":
			if d.once(&s, 2, "action", v) {
				ev.Action = d.oneOf("action", v, d.actions)
			}
		case "outcome":
			if d.once(&s, 3, "outcome", v) {
				ev.Outcome = d.oneOf("outcome", v, d.outcomes)
			}
		case "accessor":
			if d.once(&s, 4, "accessor", v) {
				d.accessor(d.object("accessor", v), &ev.Accessor)
			}
		case "origin":
			if d.once(&s, 5, "origin", v) {
				d.origin(d.object("origin", v), &ev.Origin)
			}
		case "resource":
			if d.once(&s, 6, "resource", v) {
				d.resource(d.object("resource", v), &ev.Resource)
			}
		case "subject":
			if d.once(&s, 7, "subject", v) {
				d.subject(d.object("subject", v), &ev.Subject)
			}
		case "rows":
			if d.once(&s, 8, "rows", v) {
				ev.Rows = d.number("rows", v)
			}
		case "bytes":
			if d.once(&s, 9, "bytes", v) {
				ev.Bytes = d.number("bytes", v)
			}
		case "purpose":
			if d.once(&s, 10, "purpose", v) {
				d.why(d.object("purpose", v), &ev.Purpose)
			}
		case "statement":
			if d.once(&s, 11, "statement", v) {
				ev.Statement = d.text("statement", v, schema.MaxTextBytes)
			}
		case "producer":
			if d.once(&s, 12, "producer", v) {
				d.wrote(d.object("producer", v), &ev.Producer)
			}
		case "attributes":
			if d.once(&s, 13, "attributes", v) {
				d.object("attributes", v).Visit(func(key []byte, v *fastjson.Value) {
					d.attributes.add(&d.reader, "", key, v, explicit)
				})
			}
		default:
			d.attributes.add(&d.reader, "", key, v, topLevel)
		}
	})
}

func (d *jsonDecoder) accessor(o *fastjson.Object, a *schema.Accessor) {
	var s seen
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			if d.once(&s, 0, "accessor.id", v) {
				a.ID = d.text("accessor.id", v, schema.MaxIDBytes)
			}
		case "kind":
			if d.once(&s, 1, "accessor.kind", v) {
				a.Kind = d.oneOf("accessor.kind", v, d.kinds)
			}
		case "session":
			if d.once(&s, 2, "accessor.session", v) {
				a.Session = d.text("accessor.session", v, schema.MaxIDBytes)
			}
		case "device":
			if d.once(&s, 3, "accessor.device", v) {
				a.Device = d.text("accessor.device", v, schema.MaxIDBytes)
			}
		case "on_behalf_of":
			if d.once(&s, 4, "accessor.on_behalf_of", v) {
				a.OnBehalfOf = d.text("accessor.on_behalf_of", v, schema.MaxIDBytes)
			}
		default:
			d.attributes.add(&d.reader, "accessor", key, v, nested)
		}
	})
}

func (d *jsonDecoder) origin(o *fastjson.Object, g *schema.Origin) {
	var s seen
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "ip":
			if d.once(&s, 0, "origin.ip", v) {
				g.IP = d.address("origin.ip", v)
			}
		case "forwarded":
			if d.once(&s, 1, "origin.forwarded", v) {
				g.Forwarded = d.list("origin.forwarded", v, g.Forwarded, schema.MaxForwarded, nil)
			}
		case "user_agent":
			if d.once(&s, 2, "origin.user_agent", v) {
				g.UserAgent = d.name("origin.user_agent", v, schema.MaxReasonBytes, &d.agent)
			}
		default:
			d.attributes.add(&d.reader, "origin", key, v, nested)
		}
	})
}

func (d *jsonDecoder) resource(o *fastjson.Object, r *schema.Resource) {
	var s seen
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "store":
			if d.once(&s, 0, "resource.store", v) {
				r.Store = d.name("resource.store", v, schema.MaxIDBytes, &d.store)
			}
		case "region":
			if d.once(&s, 1, "resource.region", v) {
				r.Region = d.name("resource.region", v, schema.MaxIDBytes, &d.region)
			}
		case "dataset":
			if d.once(&s, 2, "resource.dataset", v) {
				r.Dataset = d.name("resource.dataset", v, schema.MaxIDBytes, &d.dataset)
			}
		case "fields":
			if d.once(&s, 3, "resource.fields", v) {
				r.Fields = d.list("resource.fields", v, r.Fields, schema.MaxFields, &d.field)
			}
		case "object":
			if d.once(&s, 4, "resource.object", v) {
				r.Object = d.text("resource.object", v, schema.MaxIDBytes)
			}
		default:
			d.attributes.add(&d.reader, "resource", key, v, nested)
		}
	})
}

func (d *jsonDecoder) subject(o *fastjson.Object, j *schema.Subject) {
	var s seen
	var sent int
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "ids":
			if d.once(&s, 0, "subject.ids", v) {
				j.IDs, sent = d.subjects(v, j.IDs)
			}
		case "count":
			if d.once(&s, 1, "subject.count", v) {
				j.Count = d.number("subject.count", v)
			}
		case "truncated":
			if d.once(&s, 2, "subject.truncated", v) {
				j.Truncated = d.flag("subject.truncated", v)
			}
		default:
			d.attributes.add(&d.reader, "subject", key, v, nested)
		}
	})
	if sent > len(j.IDs) {
		j.Truncated = true
	}
	j.Count = max(j.Count, uint64(sent))
}

// subjects appends ids up to the limit and counts all of them: nulls and
// empty ones are left out. Ids beyond the limit are checked all the same.
func (d *jsonDecoder) subjects(v *fastjson.Value, dst []string) (ids []string, sent int) {
	values, err := v.Array()
	if err != nil {
		d.fail(schema.ReasonType, "subject.ids", "must be an array of strings")
		return dst, 0
	}
	for _, e := range values {
		if e.Type() == fastjson.TypeNull {
			continue
		}
		b := d.raw("subject.ids", e, schema.MaxIDBytes)
		if d.err != nil {
			return dst, sent
		}
		if len(b) == 0 {
			continue
		}
		sent++
		if len(dst) < schema.MaxSubjectIDs {
			dst = append(dst, d.chunk.copy(b))
		}
	}
	return dst, sent
}

func (d *jsonDecoder) why(o *fastjson.Object, p *schema.Purpose) {
	var s seen
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "kind":
			if d.once(&s, 0, "purpose.kind", v) {
				p.Kind = d.name("purpose.kind", v, schema.MaxIDBytes, &d.purpose)
			}
		case "ticket":
			if d.once(&s, 1, "purpose.ticket", v) {
				p.Ticket = d.text("purpose.ticket", v, schema.MaxIDBytes)
			}
		case "reason":
			if d.once(&s, 2, "purpose.reason", v) {
				p.Reason = d.text("purpose.reason", v, schema.MaxReasonBytes)
			}
		default:
			d.attributes.add(&d.reader, "purpose", key, v, nested)
		}
	})
}

func (d *jsonDecoder) wrote(o *fastjson.Object, p *schema.Producer) {
	var s seen
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "name":
			if d.once(&s, 0, "producer.name", v) {
				p.Name = d.name("producer.name", v, schema.MaxIDBytes, &d.producer)
			}
		case "sequence":
			if d.once(&s, 1, "producer.sequence", v) {
				p.Sequence = d.number("producer.sequence", v)
			}
		default:
			d.attributes.add(&d.reader, "producer", key, v, nested)
		}
	})
}
