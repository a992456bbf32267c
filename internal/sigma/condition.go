package sigma

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// expression is a parsed condition over search identifiers.
type expression struct {
	op     op // opPredicate for a search identifier
	need   int
	kids   []*expression
	search *search
}

// maxConditionDepth bounds parentheses and chains of not.
const maxConditionDepth = 100

// conditionParser reads, least binding first:
//
//	or   = and { "or" and }
//	and  = not { "and" not }
//	not  = "not" not | "(" or ")" | quantity "of" ("them" | pattern) | identifier
type conditionParser struct {
	words    []word
	next     int
	depth    int
	searches []*search
	f        *faults
	end      position
}

// word is a token of a condition.
type word struct {
	text string
	pos  position
}

// is compares with a word of the language, which may be in capitals.
func (w word) is(keyword string) bool { return strings.EqualFold(w.text, keyword) }

// isReserved are the words that cannot name a search identifier.
func isReserved(text string) bool {
	return slices.Contains([]string{"and", "or", "not", "of", "them", "all", "any", "condition", "timeframe"}, strings.ToLower(text))
}

func isIdentifier(text string) bool {
	return text != "" && !isReserved(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return !(r == '_' || r == '-' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= 0x80)
	})
}

// parseCondition parses one condition; nil, and a fault, if it is not one.
func parseCondition(s scalar, n ast.Node, searches []*search, f *faults) *expression {
	p := &conditionParser{searches: searches, f: f}
	p.split(s, n)
	if len(p.words) == 0 {
		f.add(s.pos, "the condition is empty: expected one, such as `selection`")
		return nil
	}
	expr := p.or()
	if expr == nil {
		return nil
	}
	if w, more := p.peek(); more {
		p.fault(w, "expected and, or, or the end")
		return nil
	}
	return expr
}

// split cuts the text into words and gives each its place in the file, where the
// text stands in one line there.
func (p *conditionParser) split(s scalar, n ast.Node) {
	_, isBlock := n.(*ast.LiteralNode)
	text := s.text
	base := s.pos.column
	if tok := n.GetToken(); tok != nil && (tok.Type == token.SingleQuoteType || tok.Type == token.DoubleQuoteType) {
		base++
	}
	place := func(i int) position {
		if isBlock || strings.Contains(text, "\n") {
			return s.pos
		}
		return position{s.pos.line, base + i}
	}
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
		case c == '(' || c == ')' || c == '|':
			p.words = append(p.words, word{string(c), place(i)})
			i++
		default:
			end := i + 1
			for end < len(text) && strings.IndexByte(" \t\r\n()|", text[end]) < 0 {
				end++
			}
			p.words = append(p.words, word{text[i:end], place(i)})
			i = end
		}
	}
	p.end = place(len(text))
}

func (p *conditionParser) peek() (word, bool) {
	if p.next < len(p.words) {
		return p.words[p.next], true
	}
	return word{pos: p.end}, false
}

// fault says what is wrong at a word; the end of the condition is one.
func (p *conditionParser) fault(w word, expected string) {
	switch w.text {
	case "":
		p.f.add(w.pos, "the condition ends too early: %s", expected)
	case ")":
		p.f.add(w.pos, "a closing parenthesis too many in the condition: %s", expected)
	case "|":
		p.f.add(w.pos, "aggregations after | are Sigma 1's: expected a correlation rule, which is not supported yet")
	default:
		p.f.add(w.pos, "unexpected %q in the condition: %s", w.text, expected)
	}
}

func (p *conditionParser) or() *expression  { return p.chain("or", opOr, p.and) }
func (p *conditionParser) and() *expression { return p.chain("and", opAnd, p.not) }

func (p *conditionParser) chain(keyword string, o op, part func() *expression) *expression {
	first := part()
	if first == nil {
		return nil
	}
	e := &expression{op: o, kids: []*expression{first}}
	for {
		w, more := p.peek()
		if !more || !w.is(keyword) {
			break
		}
		p.next++
		kid := part()
		if kid == nil {
			return nil
		}
		e.kids = append(e.kids, kid)
	}
	if len(e.kids) == 1 {
		return first
	}
	return e
}

func (p *conditionParser) not() *expression {
	w, more := p.peek()
	if p.depth++; p.depth > maxConditionDepth {
		p.f.add(w.pos, "the condition is nested deeper than %d levels", maxConditionDepth)
		return nil
	}
	defer func() { p.depth-- }()
	switch {
	case !more:
		p.fault(w, "expected a search identifier")
		return nil
	case w.is("not"):
		p.next++
		kid := p.not()
		if kid == nil {
			return nil
		}
		return &expression{op: opNot, kids: []*expression{kid}}
	case w.text == "(":
		return p.parentheses(w)
	}
	if after := p.next + 1; after < len(p.words) && p.words[after].is("of") {
		return p.quantity(w)
	}
	return p.identifier(w)
}

func (p *conditionParser) parentheses(open word) *expression {
	p.next++
	e := p.or()
	if e == nil {
		return nil
	}
	w, more := p.peek()
	switch {
	case !more:
		p.f.add(open.pos, "this parenthesis is never closed: expected )")
		return nil
	case w.text != ")":
		p.fault(w, "expected and, or, or )")
		return nil
	}
	p.next++
	return e
}

func (p *conditionParser) identifier(w word) *expression {
	if isReserved(w.text) || w.text == ")" || w.text == "|" {
		p.fault(w, "expected a search identifier")
		return nil
	}
	p.next++
	var names []string
	for _, s := range p.searches {
		if s.name == w.text {
			s.used = true
			return &expression{search: s}
		}
		names = append(names, s.name)
	}
	p.f.add(w.pos, "the condition names %q, which the detection does not define:%s expected one of %s",
		w.text, suggestion(w.text, names), strings.Join(names, ", "))
	return nil
}

// quantity reads `1 of them`, `all of selection*`, `2 of filter_*`.
func (p *conditionParser) quantity(count word) *expression {
	p.next += 2
	w, more := p.peek()
	if !more {
		p.fault(w, "expected them or a pattern such as selection*")
		return nil
	}
	p.next++
	if w.text == "(" || w.text == ")" || w.text == "|" {
		p.fault(w, "expected them or a pattern such as selection*")
		return nil
	}
	e := &expression{op: opAtLeast}
	for _, s := range p.searches {
		if w.is("them") && !strings.HasPrefix(s.name, "_") || !w.is("them") && names(w.text, s.name) {
			s.used = true
			e.kids = append(e.kids, &expression{search: s})
		}
	}
	if len(e.kids) == 0 {
		p.f.add(w.pos, "%q names no search identifier of the detection", w.text)
		return nil
	}
	switch {
	case count.is("all"):
		e.op = opAnd
		return e
	case count.is("any"):
		e.need = 1
	default:
		n, err := strconv.Atoi(count.text)
		if err != nil || n < 1 {
			p.f.add(count.pos, "%q is no quantity: expected all, any or a number from 1", count.text)
			return nil
		}
		e.need = n
	}
	if e.need > len(e.kids) {
		p.f.add(count.pos, "%s of %s can never hold: it names %d search identifiers", count.text, w.text, len(e.kids))
		return nil
	}
	if e.need == 1 {
		e.op = opOr
	}
	return e
}

// names matches a name with a pattern, in which only * is special. Names that
// begin with _ are meant to be left out, unless the pattern does too.
func names(pattern, name string) bool {
	if strings.HasPrefix(name, "_") && !strings.HasPrefix(pattern, "_") {
		return false
	}
	elements := []rune(pattern)
	for i, r := range elements {
		if r == '*' {
			elements[i] = anyRun
		}
	}
	return glob(elements, name)
}
