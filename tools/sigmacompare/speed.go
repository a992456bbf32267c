package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// speed measures whole processes on one core, in turn, their output to a file.
func speed(engines []engine, seed uint64, rules, events, rounds int, input, generator string) error {
	dir, err := os.MkdirTemp("", "sigmacompare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if input == "" {
		input = filepath.Join(dir, "events.jsonl")
		if err := toFile(exec.Command(generator, "generate", "--stdout", "--seed", strconv.FormatUint(seed, 10), "--count", strconv.Itoa(events)), input); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(input)
	if err != nil {
		return err
	}
	lines := bytes.Count(text, []byte("\n"))
	empty := filepath.Join(dir, "none.jsonl")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		return err
	}
	fmt.Printf("events %d, %d bytes; median of %d rounds\n", lines, len(text), rounds)
	for _, n := range []int{1, rules} {
		folder := filepath.Join(dir, strconv.Itoa(n))
		if err := writeRules(folder, mix(seed, n)); err != nil {
			return err
		}
		if err := measure(engines, folder, input, empty, dir, n, lines, rounds); err != nil {
			return err
		}
	}
	return nil
}

func measure(engines []engine, rules, input, empty, dir string, n, lines, rounds int) error {
	whole, start := make([][]time.Duration, len(engines)), make([][]time.Duration, len(engines))
	found := make([]int, len(engines))
	for range rounds {
		for i, e := range engines {
			out := filepath.Join(dir, "out")
			took, err := onOneCore(e.command(rules, input), out)
			if err != nil {
				return err
			}
			whole[i] = append(whole[i], took)
			text, err := os.ReadFile(out)
			if err != nil {
				return err
			}
			found[i] = bytes.Count(text, []byte("\n"))
			if took, err = onOneCore(e.command(rules, empty), out); err != nil {
				return err
			}
			start[i] = append(start[i], took)
		}
	}
	for i, e := range engines {
		w, s := median(whole[i]), median(start[i])
		fmt.Printf("rules %4d  %-24s %9.0f events/s  whole process %8s  of which before the first event %7s  matches %d\n",
			n, e.name(), float64(lines)/w.Seconds(), w.Round(time.Millisecond), s.Round(time.Millisecond), found[i])
	}
	return nil
}

func onOneCore(command []string, out string) (time.Duration, error) {
	began := time.Now()
	err := toFile(exec.Command("taskset", append([]string{"-c", "0"}, command...)...), out)
	return time.Since(began), err
}

func toFile(c *exec.Cmd, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	var stderr bytes.Buffer
	c.Stdout, c.Stderr = f, &stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%v: %w: %s", c.Args, err, stderr.String())
	}
	return nil
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}
