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
	rules      []*Rule // ascending by id
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
}

// Rules returns the rules, ascending by id. The caller owns the slice.
func (s *Set) Rules() []*Rule { return slices.Clone(s.rules) }

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

// LoadDir reads every rule file (*.yml, *.yaml; not *.test.yml) of a folder and
// its subfolders, hidden ones left out. All that is wrong in any of them is in
// the error, one [Fault] each.
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
		case d.IsDir() || !isRuleFile(p):
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

type ruleFile struct {
	name string
	text []byte
}

// load parses and compiles files into one set, or says all that is wrong.
func load(files []ruleFile, o Options) (*Set, error) {
	c := newCompiler(o)
	var wrong []error
	ids := map[string]*document{}
	for _, file := range files {
		f := &faults{file: file.name}
		if doc := parseDocument(file, f); doc != nil {
			c.rule(doc, f)
			if first, taken := ids[doc.rule.ID]; taken && doc.rule.ID != "" {
				f.add(doc.idPos, "id %q is taken by %s: expected an id of its own for every rule", doc.rule.ID, place(first.rule.File, first.idPos.line, first.idPos.column))
			} else {
				ids[doc.rule.ID] = doc
			}
		}
		wrong = append(wrong, f.sorted()...)
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	slices.SortFunc(c.set.rules, func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
	sum := sha256.New()
	for _, r := range c.set.rules {
		fmt.Fprintf(sum, "%q %s\n", r.ID, r.Version)
	}
	c.set.version = hex.EncodeToString(sum.Sum(nil))[:versionDigits]
	c.set.index = newIndex(c.set)
	return c.set, nil
}

const versionDigits = 12
