package telemetry

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// ErrStarting is what a condition waits for until it is first set.
var ErrStarting = errors.New("starting")

// Ready is the conditions under which a process does its work. It is safe for
// concurrent use.
type Ready struct {
	mu         sync.Mutex
	conditions map[string]error // nil: holds
	holds      *prometheus.GaugeVec
}

// NewReady starts with conditions that do not hold yet: "starting". It shows
// each as a metric on the registry.
func NewReady(registry prometheus.Registerer, names ...string) *Ready {
	r := &Ready{
		conditions: map[string]error{},
		holds: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "watchglass_ready_condition_info",
			Help: "1 when the condition of /readyz holds, 0 when the process waits for it.",
		}, []string{"condition"}),
	}
	registry.MustRegister(r.holds)
	for _, name := range names {
		r.Set(name, ErrStarting)
	}
	return r
}

// Set says whether a condition holds: nil when it does, else what is waited
// for. The text of the error is shown at /readyz and must not hold secrets or
// personal data. A new name adds a condition.
func (r *Ready) Set(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conditions[name] = err
	value := 0.0
	if err == nil {
		value = 1
	}
	r.holds.WithLabelValues(name).Set(value)
}

// Condition is one line of /readyz.
type Condition struct {
	Name    string
	Waiting error // nil when the condition holds
}

// Conditions returns all, by name, and whether all hold.
func (r *Ready) Conditions() (conditions []Condition, ready bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ready = true
	for _, name := range slices.Sorted(maps.Keys(r.conditions)) {
		err := r.conditions[name]
		conditions = append(conditions, Condition{Name: name, Waiting: err})
		ready = ready && err == nil
	}
	return conditions, ready
}
