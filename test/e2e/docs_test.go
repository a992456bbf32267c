package e2e

import (
	"context"
	"encoding/xml"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/test/engines"
)

// TestOperationsPage follows docs/operations.md to the letter: its commands
// run in order, in one shell, in an empty folder, as the user that
// deploy/clickhouse grants rights to.
func TestOperationsPage(t *testing.T) {
	kafka := engines.OwnKafka(t, 1)
	server := engines.OwnClickHouse(t, embedded.ClickHouseConfig{Users: grantedUsers(t)})
	createDatabase(t, server.Native())
	watchglass, err := program()
	if err != nil {
		t.Fatal(err)
	}
	tools := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"watchglass": watchglass, clientName: self} {
		if err := os.Symlink(target, filepath.Join(tools, name)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	script := "set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + commands(t, filepath.Join(root, "docs", "operations.md"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-c", script)
	shell.Dir = t.TempDir()
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	shell.Env = append(os.Environ(), "PATH="+tools+":"+os.Getenv("PATH"), "SOURCE="+root, "KAFKA="+kafka.Addrs()[0],
		"CLICKHOUSE="+server.Native(), "CLICKHOUSE_PASSWORD="+password, "HEALTH="+freeAddress(t))
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	for _, want := range []string{"rules                  ok", "clickhouse windows     ok", "group watchglass.access: ok", "\n1000\n", `"message":"stopped"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the commands do not print %q:\n%s", want, out)
		}
	}
}

// commands are the lines of a page's console blocks that begin with "$ ", and
// their continuations, "> "; each is echoed before it runs.
func commands(t *testing.T, page string) string {
	t.Helper()
	var script strings.Builder
	for _, block := range blocks(t, page, "console") {
		for line := range strings.Lines(block) {
			command, first := strings.CutPrefix(line, "$ ")
			if !first {
				command = strings.TrimPrefix(line, "> ")
			}
			if first {
				fmt.Fprintf(&script, "echo '+ '%s\n", quoted(strings.TrimSuffix(command, "\n")))
			}
			script.WriteString(command)
		}
	}
	if script.Len() == 0 {
		t.Fatalf("%s has no commands", page)
	}
	return script.String()
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// blocks are a page's fenced blocks of one language, without their indentation.
func blocks(t *testing.T, page, language string) (found []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var block []string
	indent, inside := "", false
	for line := range strings.Lines(string(text)) {
		trimmed := strings.TrimSpace(line)
		switch {
		case !inside && trimmed == "```"+language:
			indent, inside, block = line[:strings.Index(line, "`")], true, nil
		case inside && trimmed == "```":
			found, inside = append(found, strings.Join(block, "")), false
		case inside:
			block = append(block, strings.TrimPrefix(line, indent))
		}
	}
	return found
}

// TestConfigurationPage loads the example of docs/configuration.md.
func TestConfigurationPage(t *testing.T) {
	examples := blocks(t, "../../docs/configuration.md", "yaml")
	if len(examples) != 1 {
		t.Fatalf("%d examples, want 1", len(examples))
	}
	for name, value := range map[string]string{
		"KAFKA_PASSWORD": "x", "CLICKHOUSE_PASSWORD": "x", "PROTECTED_KEY": strings.Repeat("k", 32),
		"ON_CALL_URL": "https://on-call.internal/hook", "ON_CALL_SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
	} {
		t.Setenv(name, value)
	}
	cfg, err := config.Parse("watchglass.yaml", []byte(examples[0]))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(cfg.Kafka.Topics.AccessEvents); got != 2 {
		t.Errorf("%d topics of access events, want 2", got)
	}
}

// grantedUsers are the users of deploy/clickhouse/users.xml, whose rights are
// those of roles.sql; the workers' user has a password.
func grantedUsers(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/clickhouse/users.xml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Users struct {
			Inner string `xml:",innerxml"`
		} `xml:"users"`
	}
	if err := xml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return strings.Replace(file.Users.Inner, "<password></password>", "<password>"+password+"</password>", 1)
}

func createDatabase(t *testing.T, native string) {
	t.Helper()
	db, err := clickhouse.Open(&clickhouse.Options{Addr: []string{native}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(t.Context(), "CREATE DATABASE watchglass"); err != nil {
		t.Fatal(err)
	}
}

const clientName = "clickhouse-client"

// standInClient is ClickHouse's client as far as the page needs it: a query
// that answers one number. The test binary runs as it when it has its name.
func standInClient() error {
	var host, port, user, secret, query string
	for name, value := range map[string]*string{"host": &host, "port": &port, "user": &user, "password": &secret, "query": &query} {
		flag.StringVar(value, name, "", "")
	}
	flag.Parse()
	db, err := clickhouse.Open(&clickhouse.Options{Addr: []string{net.JoinHostPort(host, port)}, Auth: clickhouse.Auth{Username: user, Password: secret}})
	if err != nil {
		return err
	}
	defer db.Close()
	var n uint64
	if err := db.QueryRow(context.Background(), query).Scan(&n); err != nil {
		return err
	}
	fmt.Println(n)
	return nil
}
