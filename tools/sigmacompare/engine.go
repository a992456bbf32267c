package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// pair is a match: an event, by its number, and a rule, by its id.
type pair struct {
	event int
	rule  string
}

// engine is a program that matches Sigma rules with JSON lines.
type engine interface {
	name() string
	// refused says which rule files of a folder are refused, with the reason, by id.
	refused(dir string) (map[string]string, error)
	// matches runs the rules of a folder, none of which is refused, over a file of events.
	matches(dir, events string) (map[pair]bool, error)
	// command is the whole process, for measuring; it writes what it finds to standard output.
	command(dir, events string) []string
}

// watchglass is ours.
type watchglass struct{ program string }

func (watchglass) name() string { return "watchglass" }

func (w watchglass) refused(dir string) (map[string]string, error) {
	var stderr bytes.Buffer
	c := exec.Command(w.program, "rules", "match", "--rules", dir, "--no-enrich")
	c.Stderr = &stderr
	if err := c.Run(); err == nil {
		return nil, nil
	}
	reasons := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)(r\d+)\.yml(?::\d+:\d+)?: (.*)$`).FindAllStringSubmatch(stderr.String(), -1) {
		if reasons[m[1]] == "" {
			reasons[m[1]] = m[2]
		}
	}
	if len(reasons) == 0 {
		return nil, fmt.Errorf("watchglass: %s", stderr.String())
	}
	return reasons, nil
}

func (w watchglass) matches(dir, events string) (map[pair]bool, error) {
	in, err := os.Open(events)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	found := map[pair]bool{}
	c := exec.Command(w.program, "rules", "match", "--rules", dir, "--no-enrich")
	c.Stdin = in
	err = eachLine(c, func(line []byte) error {
		var m struct {
			Event int
			Rule  string
		}
		if err := json.Unmarshal(line, &m); err != nil {
			return err
		}
		found[pair{m.Event, m.Rule}] = true
		return nil
	})
	return found, err
}

func (w watchglass) command(dir, events string) []string {
	return []string{"sh", "-c", `exec "$0" rules match --rules "$1" --no-enrich < "$2"`, w.program, dir, events}
}

// rsigma is the other one: github.com/timescale/rsigma.
type rsigma struct {
	program string
	options []string // of its evaluation, such as --cross-rule-ac
}

func (r rsigma) name() string { return strings.Join(append([]string{"rsigma"}, r.options...), " ") }

func (r rsigma) refused(dir string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yml"))
	if err != nil {
		return nil, err
	}
	reasons := map[string]string{}
	return reasons, r.validate(files, reasons)
}

// validate adds the reasons for files. What is no YAML to rsigma it refuses without
// saying where: such files are found by halves.
func (r rsigma) validate(files []string, reasons map[string]string) error {
	messages, err := r.complaints(files)
	if err != nil {
		return err
	}
	id := regexp.MustCompile(`\br\d+\b`)
	unnamed := 0
	for _, message := range messages {
		if name := id.FindString(message); name != "" {
			reasons[name] = message[strings.Index(message, name)+len(name):]
			continue
		}
		unnamed++
		if len(files) == 1 {
			reasons[strings.TrimSuffix(filepath.Base(files[0]), ".yml")] = message
		}
	}
	if unnamed == 0 || len(files) == 1 {
		return nil
	}
	return errors.Join(r.validate(files[:len(files)/2], reasons), r.validate(files[len(files)/2:], reasons))
}

func (r rsigma) complaints(files []string) ([]string, error) {
	dir, err := os.MkdirTemp("", "sigmacompare-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for _, file := range files {
		if err := os.Link(file, filepath.Join(dir, filepath.Base(file))); err != nil {
			return nil, err
		}
	}
	var stdout, stderr bytes.Buffer
	c := exec.Command(r.program, "--output-format", "json", "rule", "validate", dir)
	c.Stdout, c.Stderr = &stdout, &stderr
	_ = c.Run() // it fails when a rule is refused
	var report struct {
		ParseErrors   []string `json:"parse_errors"`
		CompileErrors []string `json:"compile_errors"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
		return nil, fmt.Errorf("rsigma: %w: %s%s", err, stdout.String(), stderr.String())
	}
	return append(report.ParseErrors, report.CompileErrors...), nil
}

func (r rsigma) matches(dir, events string) (map[pair]bool, error) {
	found := map[pair]bool{}
	c := exec.Command(r.program, append(r.arguments(dir, events), "--include-event")...)
	err := eachLine(c, func(line []byte) error {
		var m struct {
			Rule  string `json:"rule_id"`
			Event map[string]json.RawMessage
		}
		if err := json.Unmarshal(line, &m); err != nil {
			return err
		}
		n, err := readMark(m.Event[markField])
		found[pair{n, m.Rule}] = true
		return err
	})
	return found, err
}

func (r rsigma) arguments(dir, events string) []string {
	arguments := []string{"--output-format", "ndjson", "engine", "eval", "--input-format", "json", "--rules", dir, "--event", "@" + events}
	return append(arguments, r.options...)
}

func (r rsigma) command(dir, events string) []string {
	return append([]string{r.program}, r.arguments(dir, events)...)
}

// eachLine runs a program and hands on its lines.
func eachLine(c *exec.Cmd, use func([]byte) error) error {
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20)
	var wrong error
	for wrong == nil && lines.Scan() {
		if len(lines.Bytes()) > 0 {
			wrong = use(lines.Bytes())
		}
	}
	_, _ = io.Copy(io.Discard, out)
	if err := errors.Join(wrong, lines.Err(), c.Wait()); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(c.Path), err, stderr.String())
	}
	return nil
}

// markField numbers the events for rsigma, which does not. The digits are such
// that no keyword finds them.
const markField = "_n"

var digits = []rune("⓪①②③④⑤⑥⑦⑧⑨")

func mark(n int) string {
	var b strings.Builder
	for _, d := range strconv.Itoa(n) {
		b.WriteRune(digits[d-'0'])
	}
	return b.String()
}

func readMark(raw json.RawMessage) (int, error) {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return 0, fmt.Errorf("an event without %s: %w", markField, err)
	}
	for i, d := range digits {
		s = strings.ReplaceAll(s, string(d), strconv.Itoa(i))
	}
	return strconv.Atoi(s)
}
