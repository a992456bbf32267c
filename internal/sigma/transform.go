package sigma

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"
)

// Placeholders are the values that `%name%` stands for where the modifier expand
// asks for it, by name. Values may have wildcards, as any text of a rule.
type Placeholders map[string][]string

// with adds the list of a file, which has a value a line; empty lines and those that
// begin with # are left out.
func (p Placeholders) with(file ruleFile) Placeholders {
	all := maps.Clone(p)
	if all == nil {
		all = Placeholders{}
	}
	name := strings.TrimSuffix(path.Base(filepath.ToSlash(file.name)), ".txt")
	all[name] = nil
	for line := range strings.Lines(string(file.text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all[name] = append(all[name], line)
		}
	}
	return all
}

// text is the lists that values name, for the version of their rule.
func (p Placeholders) text(values []scalar) []byte {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if slices.ContainsFunc(values, func(s scalar) bool { return strings.Contains(s.text, "%"+name+"%") }) {
			fmt.Fprintf(&b, "%q %q\n", name, p[name])
		}
	}
	return []byte(b.String())
}

// maxForms bounds what one value may become.
const maxForms = 100_000

// forms are the values that a value of a rule stands for once its modifiers have
// been applied, in their order: any of them will do.
func (m modifiers) forms(s scalar, lists Placeholders) ([]scalar, error) {
	if len(m.steps) == 0 {
		return []scalar{s}, nil
	}
	if s.kind != kindText {
		return nil, fmt.Errorf("%s has %s for a value: expected a text", m.steps[0], s.kind)
	}
	texts, dashes := []string{s.text}, false
	for i, step := range m.steps {
		var err error
		switch {
		case step == "expand":
			texts, err = fill(s.text, lists)
		case step == "windash" && i == len(m.steps)-1:
			dashes = true // compared as a class of characters: see anyDash
		case step == "windash":
			texts, err = eachOf(texts, dashVariants)
		default:
			texts, err = eachOf(texts, func(text string) ([]string, error) { return encode(text, m.steps[i:]) })
		}
		if err != nil {
			return nil, err
		}
		if shortOf(step) != step { // encode has applied all that follow
			break
		}
	}
	out := make([]scalar, len(texts))
	for i, text := range texts {
		out[i] = scalar{text: text, pos: s.pos, dashes: dashes}
		if m.compares() {
			out[i].plain()
		}
	}
	return out, nil
}

func eachOf(texts []string, each func(string) ([]string, error)) ([]string, error) {
	var all []string
	for _, text := range texts {
		more, err := each(text)
		if all = append(all, more...); err != nil || len(all) > maxForms {
			return nil, errors.Join(err, tooMany(len(all)))
		}
	}
	return all, nil
}

func tooMany(n int) error {
	if n <= maxForms {
		return nil
	}
	return fmt.Errorf("stands for more than %d values", maxForms)
}

// fill puts the values of placeholders in their places: every combination of them.
// `\%` is a plain percent sign.
func fill(text string, lists Placeholders) ([]string, error) {
	texts, found := []string{""}, false
	add := func(part string) {
		for i := range texts {
			texts[i] += part
		}
	}
	for text != "" {
		cut := strings.IndexByte(text, '%')
		if cut < 0 {
			break
		}
		if cut > 0 && text[cut-1] == '\\' {
			add(text[:cut-1] + "%")
			text = text[cut+1:]
			continue
		}
		name, rest, closed := strings.Cut(text[cut+1:], "%")
		if !closed || name == "" {
			return nil, errors.New(`a percent sign without a name: expected %name%, or \% for the sign itself`)
		}
		values, known := lists[name]
		switch {
		case !known:
			names := slices.Sorted(maps.Keys(lists))
			return nil, fmt.Errorf("no list for the placeholder %%%s%%:%s expected the file placeholders/%s.txt in the folder of the rules", name, suggestion(name, names), name)
		case len(values) == 0:
			return nil, fmt.Errorf("the list for the placeholder %%%s%% is empty: expected a value a line", name)
		case len(texts)*len(values) > maxForms:
			return nil, tooMany(len(texts) * len(values))
		}
		add(text[:cut])
		combined := make([]string, 0, len(texts)*len(values))
		for _, before := range texts {
			for _, value := range values {
				combined = append(combined, before+value)
			}
		}
		texts, text, found = combined, rest, true
	}
	if !found {
		return nil, errors.New("expand, but no placeholder such as %name%")
	}
	add(text)
	return texts, nil
}

// dashSigns are what windash takes for one and the same.
const dashSigns = "-/–—―"

func isDash(r rune) bool { return strings.ContainsRune(dashSigns, r) }

// dashVariants writes out what windash means, for texts that are encoded next.
func dashVariants(text string) ([]string, error) {
	const most = 4
	out, n := []string{""}, 0
	for _, r := range text {
		signs := []rune{r}
		if isDash(r) {
			if n++; n > most {
				return nil, fmt.Errorf("windash before an encoding, with more than %d dashes in the text: expected the variants that are meant, as a list", most)
			}
			signs = []rune(dashSigns)
		}
		next := make([]string, 0, len(out)*len(signs))
		for _, before := range out {
			for _, sign := range signs {
				next = append(next, before+string(sign))
			}
		}
		out = next
	}
	return out, nil
}

// encode writes a text in UTF-16, in base64, or in both, as the steps say. The
// result is a text of a rule again.
func encode(text string, steps []string) ([]string, error) {
	elements := parsePattern(text)
	last := steps[len(steps)-1]
	if shortOf(last) != "base64" {
		return wideText(elements, last)
	}
	if slices.ContainsFunc(elements, func(r rune) bool { return r < 0 }) {
		return nil, fmt.Errorf("%s of a text with wildcards: expected a text without", last)
	}
	data := []byte(string(elements))
	if len(steps) > 1 {
		data = utf16Bytes(elements, steps[0])
	}
	if last == "base64" {
		return []string{base64.StdEncoding.EncodeToString(data)}, nil
	}
	return base64Offsets(data)
}

// base64Offsets gives the characters that do not depend on what stands before and
// after the bytes in an encoded text, for each of the three places that they can
// begin at in a group of three bytes.
func base64Offsets(data []byte) ([]string, error) {
	var out []string
	for shift := range 3 {
		text := base64.StdEncoding.EncodeToString(append(make([]byte, shift), data...))
		from := []int{0, 2, 3}[shift]
		end := len(text) - []int{0, 3, 2}[(len(data)+shift)%3]
		if from >= end {
			return nil, errors.New("the text is too short for base64offset: nothing of it is the same at every offset")
		}
		out = append(out, text[from:end])
	}
	return out, nil
}

// utf16Bytes encodes runes; utf16 begins with the byte order mark of the little end.
func utf16Bytes(runes []rune, step string) []byte {
	var out []byte
	if step == "utf16" {
		out = append(out, 0xff, 0xfe)
	}
	for _, unit := range utf16.Encode(runes) {
		low, high := byte(unit), byte(unit>>8)
		if step == "utf16be" {
			low, high = high, low
		}
		out = append(out, low, high)
	}
	return out
}

// wideText is UTF-16 within a text, as an event that was decoded badly shows it: a
// NUL beside each character. Wildcards stay.
func wideText(elements []rune, step string) ([]string, error) {
	const advice = ": expected base64 or base64offset after it"
	if step == "utf16" {
		return nil, errors.New("utf16 begins with a byte order mark, which is no text" + advice)
	}
	var out []rune
	for _, r := range elements {
		switch {
		case r < 0:
			out = append(out, r)
		case r >= 0x80:
			return nil, fmt.Errorf("%s of %q is no text%s", step, r, advice)
		case step == "utf16be":
			out = append(out, 0, r)
		default:
			out = append(out, r, 0)
		}
	}
	return []string{patternText(out)}, nil
}
