package sigma

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestJSONIsReadAsFastjsonDoes(t *testing.T) {
	for _, line := range jsonLines() {
		t.Run("", func(t *testing.T) { readBoth(t, line) })
	}
}

func FuzzJSON(f *testing.F) {
	for _, line := range jsonLines() {
		f.Add(line)
	}
	f.Fuzz(readBoth)
}

func TestWhatJSONIsRefused(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{"a":01}`, "not JSON"},
		{`{"a":1.}`, "not JSON"},
		{`{"a":-}`, "not JSON"},
		{`{"a":.5}`, "not JSON"},
		{`{"a":+1}`, "not JSON"},
		{`{"a":1e}`, "not JSON"},
		{`{"a":NaN}`, "not JSON"},
		{`{"a":nan}`, "not JSON"},
		{`{"a":Infinity}`, "not JSON"},
		{`{"a":inf}`, "not JSON"},
		{"{\"a\":\"x\ny\"}", "control char"},
		{"{\"a\":\"x\ty\"}", "control char"},
		{"{\"a\tb\":1}", "control char"},
		{`{"a":"\x"}`, "escape"},
		{`{"a":"\u12"}`, "escape"},
		{`{"a":"\u12g4"}`, "escape"},
		{`{"a":1,}`, "not JSON"},
		{`{"a":[1,]}`, "not JSON"},
		{`{"a" 1}`, "not JSON"},
		{`{a:1}`, "not JSON"},
		{`{"a":1} {}`, "tail"},
		{`{"a":1`, "not JSON"},
		{`{"a":"x`, "not JSON"},
		{"{\"a\":\"\xff\"}", "not valid UTF-8"},
		{"{\"\xff\":1}", "not valid UTF-8"},
		{"\ufeff{}", "not JSON"},
		{`[]`, "found array"},
		{`5`, "found number"},
		{`"x"`, "found string"},
		{`null`, "found null"},
		{` `, "not JSON"},
		{`{"a":tru}`, "not JSON"},
		{`{"a":` + strings.Repeat("[", 299) + "1" + strings.Repeat("]", 299) + "}", "depth"},
	} {
		var e jsonEvent
		if err := e.parse([]byte(c.line)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80s: got %v, want %q", c.line, err, c.want)
		}
	}
}

func TestTheFirstOfSeveralMembersCounts(t *testing.T) {
	var e jsonEvent
	if err := e.parse([]byte(`{"\u0061":1,"a":2}`)); err != nil {
		t.Fatal(err)
	}
	if got := leavesAt(&e, "a"); got != "1 (a number) " {
		t.Errorf("got %q", got)
	}
}

// jsonLines are what JSON is read wrongly at.
func jsonLines() []string {
	lines := []string{
		`{}`, ` { } `, `{"a":{}}`, `{"a":[]}`, `{"a":[[],{}]}`, `[]`, `[1]`, `5`, `"x"`, `null`, `true`, ``, ` `, `{`, `}`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{"a":[1,]}`, `{,}`, `{"a":1}}`, `{"a":1} x`,
		`{"a":1,"a":2}`, `{"":1,"a":{"":2}}`, `{".a":1,"a.":2,".":3}`, `{"a.b":1,"a":{"b":2}}`, `{"a":{"b":2},"a.b":1}`, `{"a":[{"b":1},{"b":[2,3]},4]}`, `{"a":[null,[null]]}`, `{"a":"","b":null,"c":true,"d":false}`, `{"a.b.c":1,"a.b":2,"a":{"b":{"c":3}}}`,
		`{"\u0061":"\u0062"}`, `{"a\u002eb":5,"a":{"b":1}}`, `{"a":"\ud83d\ude00 \ud800 \ud800\u0041 \udc00x \n\t\b\f\r\/\\\""}`, `{"a":"\\"}`, `{"a":"\\\\\""}`, `{"a":"\"}`, `{"a\\":1,"a\"b":2}`, `{"a":"\x"}`, `{"a":"\u+123"}`,
		"{\"a\":\"x\ty\"}", "{\"a\":\"x\ty\\n\"}", "{\"a\":\"x\\n\ty\"}", "{\"a\tb\":1}", "{\"a\tb\\n\":1}", "{\"a\":\"\x7f\"}", "{\"a\":\"\x00\"}", "{\t\"a\"\r\n:\t1\n}", "{\v\"a\":1}", "{\"a\":\"\xff\"}", "{\"a\":\"\u2028é😀\"}", "\ufeff{}",
		`{"a":` + strings.Repeat("[", 298) + "1" + strings.Repeat("]", 298) + "}", `{"a":` + strings.Repeat("[", 299) + strings.Repeat("]", 299) + "}", `{"a":` + strings.Repeat("[", 299) + "1" + strings.Repeat("]", 299) + "}",
	}
	for _, number := range []string{"0", "-0", "01", "-01", "1.5", "1.", ".5", "-", "-a", "1e5", "1E+5", "1e-5", "1e", "1e+", "1.5e3", "1.e3", "0.0", "00", "+1", "0x1f", "1_0", "NaN", "nan", "Infinity", "-inf", "inf", "1e400", "18446744073709551616", "1-2", "1.2.3", "tru", "truee", "nul", "fals", "True"} {
		lines = append(lines, `{"a":`+number+`}`, `{"b":[`+number+`,1]}`, `{"a":`+number)
	}
	return lines
}

func readBoth(t *testing.T, line string) {
	var ours jsonEvent
	var theirs jsonTree
	got, want := ours.parse([]byte(line)), theirs.parse([]byte(line))
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%q: %v, fastjson says %v", line, got, want)
	}
	if got != nil {
		return
	}
	for _, path := range []string{"", "a", "b", "a.b", "a.b.c", `a\`, `a"b`, "c", "a\tb\n", "a.", ".a", "."} {
		if got, want := leavesAt(&ours, path), leavesAt(&theirs, path); got != want {
			t.Fatalf("%q, %q: %s, fastjson says %s", line, path, got, want)
		}
	}
}

func leavesAt(e interface{ load(*field, *fieldValue) }, path string) string {
	f := field{path: path}
	var v fieldValue
	v.reset()
	e.load(&f, &v)
	var b strings.Builder
	for i := range v.leaves {
		l := &v.leaves[i]
		fmt.Fprintf(&b, "%s ", v.textOf(l))
		if l.kind != kindText {
			fmt.Fprintf(&b, "(%s) ", l.kind)
		}
	}
	v.leaves, v.made = nil, nil
	if !reflect.DeepEqual(v, fieldValue{loaded: true, exists: true}) {
		fmt.Fprintf(&b, "%+v", v)
	}
	return b.String()
}
