package sigma

// Rule is one Sigma rule. It is immutable; its slices belong to it.
type Rule struct {
	ID          string // unique in its set; Sigma asks for a UUID, any text without spaces is taken
	Name        string // by which rules over time may call it; unique in its set where there is one
	Title       string
	Description string
	Status      string // stable, test or experimental; default stable
	Level       string // of schema.Levels; default medium
	Version     string // hash of what the rule was made of, 12 hex digits: see Set.Version
	Taxonomy    string // whose field names it is written in; "" for the usual ones
	File        string
	Author      string
	Date        string
	Tags        []string
	References  []string
	// FalsePositives are those that the author knows of.
	FalsePositives []string
	LogSource      LogSource
	// GroupBy are the fields whose values make one incident of several
	// alerts: `watchglass: {group-by: [...]}`, default accessor.id.
	GroupBy []string
	// Fields are the fields that the rule looks at, then those that its
	// author listed under `fields`, without repeats: the evidence of an alert.
	Fields []string

	// Correlation is what a rule over time asks for; nil for a rule on single events.
	Correlation *Correlation
	// Quiet says that the rule is there for rules over time alone, none of which
	// asks for it with `generate: true`: it matches and is stored, and does not alert.
	Quiet bool

	condition node
	source    *document // for Lint
}

// LogSource says which logs a rule is written for: see [Set.For].
type LogSource struct{ Category, Product, Service string }

// Staged reports that the rule is on trial (status: experimental): it
// matches and is stored with the event, and must not alert.
func (r *Rule) Staged() bool { return r.Status == statusExperimental }

// Alerts reports that a match of the rule is an alert by itself.
func (r *Rule) Alerts() bool { return !r.Staged() && !r.Quiet }

const (
	statusStable       = "stable"
	statusTest         = "test"
	statusExperimental = "experimental"
	statusDeprecated   = "deprecated"
	statusUnsupported  = "unsupported"
	defaultLevel       = "medium"
	defaultGroupBy     = "accessor.id"
)
