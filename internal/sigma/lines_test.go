package sigma

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

func TestMatchLines(t *testing.T) {
	set, err := LoadFS(fstest.MapFS{
		"1.yml": {Data: []byte(ruleWithID(`b"\`, ""))}, "2.yml": {Data: []byte(ruleWithID("a", ""))},
	}, ".", Options{AnyField: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, in, want, err string }{
		{"in order", "{\"action\":\"list\"}\n\n{\"action\":\"READ\"}\n{\"action\":\"read\"}", `{"event":1,"rule":"a"}
{"event":1,"rule":"b\"\\"}
{"event":2,"rule":"a"}
{"event":2,"rule":"b\"\\"}
`, ""},
		{"nothing", "", "", ""},
		{"not JSON", "{\"action\":\"read\"}\n{\"action\":", "{\"event\":0,\"rule\":\"a\"}\n{\"event\":0,\"rule\":\"b\\\"\\\\\"}\n", "event on line 2: not JSON"},
		{"no object", "[]", "", "event on line 1: expected a JSON object, found array"},
		{"not UTF-8", "{\"a\":\"\xff\"}", "", "event on line 1: not valid UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			err := MatchLines(t.Context(), set, Lines{}, strings.NewReader(c.in), &out)
			if out.String() != c.want {
				t.Errorf("got  %q\nwant %q", out.String(), c.want)
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := MatchLines(ctx, set, Lines{}, strings.NewReader("{}"), new(strings.Builder)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
