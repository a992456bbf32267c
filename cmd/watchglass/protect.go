package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/enrich"
)

func newProtectCommand() *cobra.Command {
	var keyID, keyFile string
	var groups []string
	c := &cobra.Command{
		Use:   "protect --group GROUP --key-file FILE",
		Short: "Turn subject ids on standard input into lines of a protected list",
		Long: `Read subject ids from standard input, one a line, and write a line with the keyed hash
of each, for a file in the policy's folder protected/. The ids themselves are
written nowhere.`,
		Example: `  watchglass protect --group journalist --key-id k1 --key-file protected.key \
    < ids.txt > policy/protected/journalists.txt`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if len(groups) == 0 {
				return usagef("--group is missing: name a group such as journalist")
			}
			key, err := readKey(keyID, keyFile)
			if err != nil {
				return err
			}
			return protect(c.InOrStdin(), c.OutOrStdout(), key, groups)
		},
	}
	c.Flags().StringSliceVarP(&groups, "group", "g", nil, "group of the subjects, such as journalist, official, minor, staff; several are separated by commas")
	c.Flags().StringVar(&keyID, "key-id", "k1", "the key's name: id in policy.protected_keys")
	c.Flags().StringVarP(&keyFile, "key-file", "k", "", "file that holds the key; openssl rand -hex 32 makes one")
	_ = c.MarkFlagFilename("key-file")
	return c
}

// readKey reads a key as the configuration does: the last line break is not
// part of it.
func readKey(id, path string) (enrich.Key, error) {
	if path == "" {
		return enrich.Key{}, usagef("--key-file is missing: openssl rand -hex 32 > FILE makes a key")
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		return enrich.Key{}, usagef("--key-file: %w", err)
	}
	return enrich.Key{ID: id, Secret: []byte(strings.TrimRight(string(secret), "\r\n"))}, nil
}

// readKeys reads the named key, or every key that lies in the policy folder.
func readKeys(policyDir, id, path string) ([]enrich.Key, error) {
	if path != "" {
		key, err := readKey(id, path)
		return []enrich.Key{key}, err
	}
	files, err := filepath.Glob(filepath.Join(policyDir, "*.key"))
	if err != nil {
		return nil, usagef("--policy: %w", err)
	}
	var keys []enrich.Key
	for _, file := range files {
		key, err := readKey(strings.TrimSuffix(filepath.Base(file), ".key"), file)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func protect(in io.Reader, out io.Writer, key enrich.Key, groups []string) error {
	scanner := bufio.NewScanner(in)
	w := bufio.NewWriter(out)
	for n := 1; scanner.Scan(); n++ {
		id := strings.TrimRight(scanner.Text(), "\r")
		if id == "" {
			continue
		}
		line, err := enrich.HashLine(key, id, groups)
		if err != nil {
			return usagef("standard input:%d: %w", n, err)
		}
		_, _ = fmt.Fprintln(w, line) // its error is kept for Flush
	}
	return errors.Join(scanner.Err(), w.Flush())
}
