package sigma

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a file holds: it is a rule, or every fault names the file; the
// parser never panics, and what it accepts can be matched.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../../deploy/policy/rules/*.yml")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(ruleText("s:\n    - a|re|i: '^x'\n    - [x]\nt: {a: &b 1, <<: *b}\ncondition: 2 of (s*) | count()")))
	f.Add([]byte("a: !!binary x\n? [b]\n: c\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := Parse("fuzz.yml", text, Options{AnyField: true})
		if err != nil {
			var fault *Fault
			if !errors.As(err, &fault) || fault.File != "fuzz.yml" || fault.Message == "" {
				t.Fatalf("no place: %v", err)
			}
			return
		}
		set.Lint()
		if _, err := set.NewMatcher().MatchJSON([]byte(`{"a":["x",null,5,true,{}]}`)); err != nil {
			t.Fatal(err)
		}
		set.NewMatcher().Match(sampleEvent())
		if _, err := ParseCases("fuzz.yml", text); err == nil {
			t.Log("also a test file")
		}
	})
}

// Whatever condition, value and event: the matcher and the plain evaluator
// agree.
func FuzzMatch(f *testing.F) {
	f.Add("Foo*", "contains", "1 of s*", `{"a":["foo"],"b":"x"}`)
	f.Add(`x\*?`, "cased", "s and not t", `{"a":"x*y"}`)
	f.Add("\u212a", "", "not s", `{"a":"K"}`)
	f.Add("5", "gt", "s or t", `{"a":"5.5"}`)
	f.Add("b", "fieldref", "s", `{"a":{"b":1},"b":{"b":1}}`)
	f.Fuzz(func(t *testing.T, value, modifiers, condition, event string) {
		if strings.Contains(modifiers, "re") {
			return // the plain evaluator uses the same engine for these
		}
		quoted, err := json.Marshal(value)
		if err != nil {
			return
		}
		key, err := json.Marshal("a|" + modifiers)
		if modifiers == "" {
			key, err = []byte("a"), nil
		}
		if err != nil {
			return
		}
		cond, err := json.Marshal(condition)
		if err != nil {
			return
		}
		text := ruleText("s:\n    " + string(key) + ": [" + string(quoted) + ", 5, b]\nt: [" + string(quoted) + "]\ncondition: " + string(cond))
		set, err := Parse("fuzz.yml", []byte(text), Options{AnyField: true})
		if err != nil || strings.Contains(value, "\ufffd") {
			return
		}
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(event), &object) != nil || object == nil {
			return
		}
		canonical, err := json.Marshal(json.RawMessage(event)) // one meaning for both readers
		if err != nil || hasDuplicates(canonical) {
			return
		}
		found, err := set.NewMatcher().MatchJSON(canonical)
		if err != nil {
			return
		}
		if plain := plainJSON(t, set.rules[0], string(canonical)); plain != (len(found) == 1) {
			t.Fatalf("plain evaluator says %t, matcher does not\n%s\n%s", plain, text, canonical)
		}
	})
}

// hasDuplicates reports that an object has a member twice: readers differ on
// which one counts.
func hasDuplicates(text []byte) bool {
	var root any
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	if d.Decode(&root) != nil {
		return true
	}
	again, err := json.Marshal(root)
	return err != nil || len(again) != len(text)
}
