package sigma

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// search is one search identifier of a detection: `selection: …`.
type search struct {
	name string
	pos  position
	tree tree
	rule *Rule // of a correlation's condition: the rule that it stands for
	used bool  // a condition names it
}

// tree is what a search identifier says: maps are and, lists are or.
type tree struct {
	op   op // opAnd, opOr, or opPredicate for an item
	kids []tree
	item *item
}

// item is one key of a map with its values, or keywords.
type item struct {
	key    string // as written: field and modifiers
	field  string // keywordPath for keywords
	pos    position
	mods   modifiers
	values []scalar   // as written
	forms  [][]scalar // what each value stands for, any of it: see modifiers.forms
}

// detection reads the search identifiers, then the conditions over them.
func (d *document) detection(e entry, f *faults) {
	list, ok := entries(e.value, "detection", f)
	if !ok {
		return
	}
	var condition *entry
	for i, part := range list {
		switch part.key {
		case "condition":
			condition = &list[i]
		case "timeframe":
			f.add(part.pos, "timeframe belongs to Sigma 1's aggregations: expected a correlation rule, a document of its own")
		default:
			d.search(part, f)
		}
	}
	d.conditions(e, condition, f)
}

func (d *document) search(e entry, f *faults) {
	if !isIdentifier(e.key) {
		f.add(e.pos, "%q cannot name a search: expected letters, digits and _ . - and no word of the condition language", e.key)
		return
	}
	tree, _ := parseSearch(e.value, e.key, f)
	d.searches = append(d.searches, &search{name: e.key, pos: e.pos, tree: tree})
}

// conditions parses what is wanted of the searches; whole is where they stand.
func (d *document) conditions(whole entry, condition *entry, f *faults) {
	if condition == nil {
		f.add(whole.pos, "the %s has no condition: expected one, such as `condition: selection`", whole.key)
		return
	}
	if len(d.searches) == 0 {
		f.add(whole.pos, "the %s has no search identifier: expected one, such as `selection:` with fields and values", whole.key)
		return
	}
	nodes := items(condition.value)
	if len(nodes) == 0 {
		f.add(condition.pos, "the list of conditions is empty")
	}
	for _, n := range nodes {
		s, ok := scalarOf(n)
		if !ok || s.kind == kindNull {
			f.add(start(n), "a condition is %s: expected a text", describe(n))
			continue
		}
		if expr := parseCondition(s, n, d.searches, f); expr != nil {
			d.wanted = append(d.wanted, expr)
		}
	}
}

// fill works out what the values of all searches stand for.
func (d *document) fill(lists Placeholders) {
	for _, s := range d.searches {
		d.fillTree(s.tree, lists)
	}
}

func (d *document) fillTree(t tree, lists Placeholders) {
	for _, kid := range t.kids {
		d.fillTree(kid, lists)
	}
	if t.item == nil {
		return
	}
	if slices.Contains(t.item.mods.steps, "expand") {
		d.made = append(d.made, lists.text(t.item.values))
	}
	for _, s := range t.item.values {
		forms, err := t.item.mods.forms(s, lists)
		if err != nil {
			d.f.add(s.pos, "%v", err)
		}
		t.item.forms = append(t.item.forms, forms)
	}
}

// parseSearch reads a map, a list of maps and keywords, or a single keyword.
func parseSearch(n ast.Node, name string, f *faults) (tree, bool) {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return parseMap(n, name, f)
	case *ast.SequenceNode:
		return parseList(n, name, f)
	}
	s, ok := scalarOf(n)
	if !ok || s.kind == kindNull {
		f.add(start(n), "%s is %s: expected fields with values, a list of such, or keywords", name, describe(n))
		return tree{}, false
	}
	return keywords([]scalar{s}, s.pos), true
}

// parseMap joins the keys of a map with and.
func parseMap(n ast.Node, name string, f *faults) (tree, bool) {
	list, ok := entries(n, name, f)
	if !ok {
		return tree{}, false
	}
	if len(list) == 0 {
		f.add(start(n), "%s is empty: expected fields with values", name)
		return tree{}, false
	}
	t := tree{op: opAnd}
	for _, e := range list {
		if it := parseItem(e, f); it != nil {
			t.kids = append(t.kids, tree{item: it})
		}
	}
	return t, true
}

// parseList joins maps with or; the keywords among them are one item.
func parseList(n *ast.SequenceNode, name string, f *faults) (tree, bool) {
	if len(n.Values) == 0 {
		f.add(start(n), "%s is an empty list: expected maps or keywords", name)
		return tree{}, false
	}
	t := tree{op: opOr}
	var words []scalar
	for _, element := range n.Values {
		switch element := element.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			if kid, ok := parseMap(element, name, f); ok {
				t.kids = append(t.kids, kid)
			}
			continue
		}
		s, ok := scalarOf(element)
		if !ok || s.kind == kindNull {
			f.add(start(element), "%s holds %s: expected a map or a keyword", name, describe(element))
			continue
		}
		words = append(words, s)
	}
	if len(words) > 0 {
		t.kids = append(t.kids, keywords(words, words[0].pos))
	}
	return t, true
}

func keywords(words []scalar, pos position) tree {
	return tree{item: &item{key: "keywords", field: keywordPath, pos: pos, values: words}}
}

// parseItem reads `field|modifier|…: value or list of values`.
func parseItem(e entry, f *faults) *item {
	name, rest, _ := strings.Cut(e.key, "|")
	it := &item{key: e.key, field: name, pos: e.pos}
	if name == keywordPath && rest == "" {
		f.add(e.pos, "a field has no name: expected field: value")
		return nil
	}
	var ok bool
	if it.mods, ok = parseModifiers(e, f); !ok {
		return nil
	}
	nodes := items(e.value)
	if len(nodes) == 0 {
		f.add(start(e.value), "%s has no value: expected at least one", e.key)
		return nil
	}
	if _, isList := e.value.(*ast.SequenceNode); it.mods.all && (!isList || len(nodes) < 2) {
		f.add(start(e.value), "all has a single value: expected a list of two or more, or no modifier all")
		return nil
	}
	for _, n := range nodes {
		s, isScalar := scalarOf(n)
		if !isScalar {
			f.add(start(n), "%s has %s for a value: expected text, number, true, false or null", e.key, describe(n))
			continue
		}
		if s.kind == kindNull && len(nodes) > 1 {
			f.add(start(n), "%s has null among other values, which Sigma does not allow: expected a search of its own for null", e.key)
		}
		it.values = append(it.values, s)
	}
	return it
}
