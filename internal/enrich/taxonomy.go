package enrich

import "github.com/watchglass/watchglass/schema"

// categories lists what entries of the catalog may name: the built-in taxonomy
// and what the configuration adds; catalog.yaml may add more.
func (cfg *Config) categories() []string {
	var out []string
	for _, c := range schema.Taxonomy() {
		out = append(out, c.Name)
	}
	return append(out, cfg.Taxonomy...)
}
