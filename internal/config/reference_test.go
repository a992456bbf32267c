package config_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/config"
)

const (
	document = "../../docs/configuration.md"
	begin    = "<!-- generated from internal/config: go test ./internal/config -run TestReference -update -->\n"
	end      = "<!-- end of what is generated -->\n"
)

// The keys in docs/configuration.md are those of the code. -update writes them.
func TestReference(t *testing.T) {
	update := flag.Lookup("update").Value.String() == "true"
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	got, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s lacks the lines %q and %q", document, begin, end)
	}
	want := "\n" + config.Reference() + "\n"
	if update {
		if err := os.WriteFile(document, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs from the code; write it with -update (-want +got):\n%s", document, diff)
	}
}

// The examples in docs/configuration.md are configurations that load.
func TestExamples(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("CLICKHOUSE_PASSWORD", "x")
	t.Setenv("KAFKA_PASSWORD", "x")
	t.Setenv("ON_CALL_URL", "https://hooks.example/x")
	t.Setenv("ON_CALL_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	t.Setenv("PROTECTED_KEY", "0123456789abcdef")
	examples := strings.Split(string(text), "```yaml\n")[1:]
	if len(examples) == 0 {
		t.Fatal("no examples")
	}
	for i, example := range examples {
		body, _, _ := strings.Cut(example, "```")
		if _, err := config.Parse(document, []byte(body)); err != nil {
			t.Errorf("example %d: %v\n%s", i+1, err, body)
		}
	}
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the generated part of docs/configuration.md")
	flag.Parse()
	os.Exit(m.Run())
}
