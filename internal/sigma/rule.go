package sigma

// Rule is one Sigma rule. It is immutable; its slices belong to it.
type Rule struct {
	ID          string // unique in its set; Sigma asks for a UUID, any text without spaces is taken
	Title       string
	Description string
	Status      string // stable, test or experimental; default stable
	Level       string // of schema.Levels; default medium
	Version     string // hash of the rule file's bytes, 12 hex digits
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

	condition node
	source    *document // for Lint
}

// LogSource says which logs a rule is written for. It is recorded, not yet
// used to choose among topics: every rule of a set sees every event.
type LogSource struct{ Category, Product, Service string }

// Staged reports that the rule is on trial (status: experimental): it
// matches and is stored with the event, and must not alert.
func (r *Rule) Staged() bool { return r.Status == statusExperimental }

const (
	statusStable       = "stable"
	statusTest         = "test"
	statusExperimental = "experimental"
	statusDeprecated   = "deprecated"
	statusUnsupported  = "unsupported"
	defaultLevel       = "medium"
	defaultGroupBy     = "accessor.id"
)
