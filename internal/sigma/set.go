package sigma

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Set is rules that are matched together. It is immutable.
type Set struct {
	rules      []*Rule // on single events, ascending by id
	over       []*Rule // over time, each after those that it names
	fields     []field
	predicates []predicate
	version    string
	index      *index
}

// Options change what is accepted.
type Options struct {
	// AnyField takes fields that no access event has: for events as they are
	// (`rules match --no-enrich`). Otherwise such a field is refused, because a
	// rule that looks at it can never do what its author meant.
	AnyField bool
	// Placeholders are the lists for the modifier expand, besides those in the folder.
	Placeholders Placeholders
}

// Rules returns the rules on single events, ascending by id. The caller owns the
// slice.
func (s *Set) Rules() []*Rule { return slices.Clone(s.rules) }

// OverTime returns the rules over time, each after those that it names. The caller
// owns the slice.
func (s *Set) OverTime() []*Rule { return slices.Clone(s.over) }

// All returns all rules, ascending by id. The caller owns the slice.
func (s *Set) All() []*Rule {
	all := slices.Concat(s.rules, s.over)
	slices.SortFunc(all, func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// For returns the rules on single events that are meant for a source: those whose
// logsource has our category and product, or leaves them open, and whose
// service is open or one of services, which are the names of a topic and of
// the format of its records. Rules over time are those of s.
func (s *Set) For(services ...string) *Set {
	chosen := *s
	chosen.rules = nil
	for _, r := range s.rules {
		if r.LogSource.isOurs() && (r.LogSource.Service == "" || slices.Contains(services, r.LogSource.Service)) {
			chosen.rules = append(chosen.rules, r)
		}
	}
	chosen.index = newIndex(&chosen)
	return &chosen
}

// isOurs reports that access events are of this category and product.
func (l LogSource) isOurs() bool {
	return (l.Category == "" || l.Category == ourCategory) && (l.Product == "" || l.Product == ourProduct)
}

// Version is a hash over the rules' versions, 12 hex digits.
func (s *Set) Version() string { return s.version }

// Parse reads one rule; name stands in errors.
func Parse(name string, text []byte, o Options) (*Set, error) {
	return load([]ruleFile{{name, text}}, o)
}

// ParseFile reads one rule file.
func ParseFile(name string, o Options) (*Set, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read rule: %w", err)
	}
	return Parse(name, text, o)
}

// LoadDir reads every rule file (*.yml, *.yaml; not *.test.yml), every mapping of
// field names (*.fields.yml) and every list of a placeholder
// (placeholders/NAME.txt) of a folder and its subfolders, hidden ones left out. All
// that is wrong in any of them is in the error, one [Fault] each.
func LoadDir(dir string, o Options) (*Set, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("read rules: %s is not a folder", dir)
	}
	return loadFS(os.DirFS(dir), ".", func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }, o)
}

// LoadFS is LoadDir for a folder of a file system, such as an embedded one.
func LoadFS(fsys fs.FS, dir string, o Options) (*Set, error) {
	return loadFS(fsys, dir, func(name string) string { return name }, o)
}

func loadFS(fsys fs.FS, dir string, name func(string) string, o Options) (*Set, error) {
	var files []ruleFile
	err := fs.WalkDir(fsys, dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case p != dir && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir() || !isRuleFile(p) && !isPlaceholders(p):
			return nil
		}
		text, err := fs.ReadFile(fsys, p)
		files = append(files, ruleFile{name(p), text})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	return load(files, o)
}

func isRuleFile(name string) bool {
	base := path.Base(name)
	if ext := path.Ext(base); ext != ".yml" && ext != ".yaml" {
		return false
	}
	return !strings.HasSuffix(base, ".test.yml") && !strings.HasSuffix(base, ".test.yaml")
}

func isMapping(name string) bool {
	return strings.HasSuffix(name, ".fields.yml") || strings.HasSuffix(name, ".fields.yaml")
}

// isPlaceholders reports placeholders/NAME.txt.
func isPlaceholders(name string) bool {
	name = filepath.ToSlash(name)
	return path.Base(path.Dir(name)) == "placeholders" && path.Ext(name) == ".txt"
}

type ruleFile struct {
	name string
	text []byte
}

// load parses and compiles files into one set, or says all that is wrong.
func load(files []ruleFile, o Options) (*Set, error) {
	in := input{placeholders: o.Placeholders}
	for _, file := range files {
		in.read(file)
	}
	set := in.compile(o)
	if wrong := in.wrong(); wrong != nil {
		return nil, wrong
	}
	set.index = newIndex(set)
	return set, nil
}

// input is all that the files of a folder hold.
type input struct {
	faults       []*faults // a file each
	single       []*document
	over         []*document
	filters      []*document
	mappings     []*mapping
	placeholders Placeholders
}

func (in *input) read(file ruleFile) {
	f := &faults{file: file.name}
	in.faults = append(in.faults, f)
	switch {
	case isMapping(file.name):
		if m := parseMapping(file, f); m != nil {
			in.mappings = append(in.mappings, m)
		}
	case isPlaceholders(file.name):
		in.placeholders = in.placeholders.with(file)
	default:
		for _, d := range parseDocuments(file, f) {
			switch {
			case d.isFilter():
				in.filters = append(in.filters, d)
			case d.isOverTime():
				in.over = append(in.over, d)
			default:
				in.single = append(in.single, d)
			}
		}
	}
}

func (in *input) compile(o Options) *Set {
	c := newCompiler(o)
	rules := slices.Concat(in.single, in.over)
	unique(slices.Concat(rules, in.filters))
	applyMappings(in.mappings, slices.Concat(rules, in.filters), o.AnyField)
	applyFilters(in.filters, in.single)
	for _, d := range slices.Concat(in.single, in.filters) {
		d.fill(in.placeholders)
	}
	for _, d := range in.single {
		c.rule(d)
	}
	r := newResolver(rules, c)
	for _, d := range in.over {
		r.resolve(d)
		c.overTime(d)
	}
	quiet(r.order)
	c.set.over = r.order
	slices.SortFunc(c.set.rules, func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
	sum := sha256.New()
	for _, r := range slices.Concat(c.set.rules, c.set.over) {
		fmt.Fprintf(sum, "%q %s\n", r.ID, r.Version)
	}
	c.set.version = hex.EncodeToString(sum.Sum(nil))[:versionDigits]
	return c.set
}

// wrong is everything that is wrong with any file; nil if nothing is.
func (in *input) wrong() error {
	var all []error
	for _, f := range in.faults {
		all = append(all, f.sorted()...)
	}
	return errors.Join(all...)
}

// unique holds ids and names to be those of one document each.
func unique(docs []*document) {
	taken := map[string]*document{}
	for _, d := range docs {
		for _, name := range []string{d.rule.ID, d.rule.Name} {
			first, isTaken := taken[name]
			switch {
			case name == "" || first == d:
			case isTaken:
				d.f.add(d.idPos, "id %q is taken by %s: expected an id, and a name, of its own for every rule", name, place(first.rule.File, first.idPos.line, first.idPos.column))
			default:
				taken[name] = d
			}
		}
	}
}

const versionDigits = 12
