package engines

import (
	"regexp"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func TestMain(m *testing.M) { Main(m) }

func TestEnginesAreSharedByTheTestsOfABinary(t *testing.T) {
	first, again := Kafka(t), Kafka(t)
	if strings.Join(first, ",") != strings.Join(again, ",") {
		t.Errorf("two Kafkas: %v and %v", first, again)
	}
	conn, err := kafka.DialContext(t.Context(), "tcp", first[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if brokers, err := conn.Brokers(); err != nil || len(brokers) == 0 {
		t.Errorf("brokers %v, %v", brokers, err)
	}

	addr := ClickHouse(t)
	if addr != ClickHouse(t) {
		t.Error("two ClickHouses")
	}
	options := &clickhouse.Options{Addr: []string{addr}}
	if strings.Contains(addr, "://") {
		if options, err = clickhouse.ParseDSN(addr); err != nil {
			t.Fatal(err)
		}
	}
	db, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(t.Context(), "CREATE DATABASE "+Name(t)); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	for test, want := range map[string]string{
		"TestA":                          "testa_r",
		"TestA/b c/ü":                    "testa_b_c___r",
		"Test" + strings.Repeat("x", 99): "test" + strings.Repeat("x", 36) + "_r",
	} {
		if got := nameOf(test, "r"); got != want {
			t.Errorf("%s: %s, want %s", test, got, want)
		}
	}
	if a, b := Name(t), Name(t); a == b || !regexp.MustCompile(`^testnames_[a-z0-9]{8}$`).MatchString(a) {
		t.Errorf("names %s and %s", a, b)
	}
}
