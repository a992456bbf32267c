package sigma

import (
	"fmt"
	"slices"
	"testing"
	"testing/fstest"
)

func BenchmarkDefaultRules(b *testing.B) {
	set, err := LoadDir("../../deploy/policy/rules", Options{})
	if err != nil {
		b.Fatal(err)
	}
	m, ev := set.NewMatcher(), ordinary()
	b.ReportAllocs()
	for b.Loop() {
		if slices.ContainsFunc(m.Match(ev), (*Rule).Alerts) {
			b.Fatal("an ordinary event alerts")
		}
	}
}

// A thousand rules of the usual form, each with values of its own.
func BenchmarkThousandRules(b *testing.B) {
	files := fstest.MapFS{}
	for i := range 1000 {
		text := ruleWithID(fmt.Sprint("r-", i), "")
		detection := fmt.Sprintf("    s:\n        resource.dataset|startswith: 'ring%d.'\n        accessor.unit: [unit-%d, unit-%d]\n    f:\n        rows|lt: %d\n    condition: s and not f\n", i, i, i+1, i)
		files[fmt.Sprintf("%d.yml", i)] = &fstest.MapFile{Data: []byte(text[:len(text)-len("    s:\n        action: read\n    condition: s\n")] + detection)}
	}
	set, err := LoadFS(files, ".", Options{})
	if err != nil {
		b.Fatal(err)
	}
	m, ev := set.NewMatcher(), ordinary()
	b.ReportAllocs()
	for b.Loop() {
		if len(m.Match(ev)) != 0 {
			b.Fatal("an ordinary event matched")
		}
	}
}
