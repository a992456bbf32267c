package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

const hidden = "[hidden]"

// Secret is a value that must not be seen. In the file stands where it is:
// `file:PATH` (its last line break is cut off) or `env:NAME`. However it is
// printed, it prints [hidden]; [Secret.Reveal] gives the value.
type Secret struct {
	reference string
	value     string
}

// SecretOf makes a secret of a value in memory, for tests and the demo.
func SecretOf(value string) Secret { return Secret{value: value} }

// Reveal returns the value, "" when none is set.
func (s Secret) Reveal() string { return s.value }

// IsSet tells whether there is a value.
func (s Secret) IsSet() bool { return s.value != "" }

// Reference says where the value is from; it is not secret.
func (s Secret) Reference() string { return s.reference }

func (s Secret) String() string {
	if !s.IsSet() {
		return ""
	}
	return hidden
}

// GoString is for %#v, which would print the fields.
func (s Secret) GoString() string { return hidden }

// Format covers every other verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText is for encoders of JSON, YAML and logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// resolve reads what a reference points to.
func resolve(reference, dir string, lookupEnv func(string) (string, bool)) (string, error) {
	if path, ok := strings.CutPrefix(reference, "file:"); ok {
		text, err := os.ReadFile(string(join(dir, path)))
		if err != nil {
			return "", fmt.Errorf("read secret: %w", err)
		}
		value := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
		if value == "" {
			return "", errors.New("the file of the secret is empty")
		}
		return value, nil
	}
	if name, ok := strings.CutPrefix(reference, "env:"); ok {
		value, set := lookupEnv(name)
		if !set || value == "" {
			return "", fmt.Errorf("environment variable %s is not set", name)
		}
		return value, nil
	}
	return "", errors.New("a secret must not stand here: write file:PATH or env:NAME, and keep it there")
}

func join(dir, path string) Path {
	if path == "" || filepath.IsAbs(path) {
		return Path(path)
	}
	return Path(filepath.Join(dir, path))
}

// URL is an address whose user, password and query are not to be seen; it may
// itself be a reference, as for a [Secret].
type URL struct {
	reference string
	value     string
}

// URLOf makes a URL of a value in memory, for tests and the demo.
func URLOf(value string) URL { return URL{value: value} }

// Reveal returns the whole address.
func (u URL) Reveal() string { return u.value }

// String returns the address without user, password and query, or where it is
// from if it is a secret.
func (u URL) String() string {
	if u.reference != "" {
		return u.reference
	}
	parsed, err := url.Parse(u.value)
	if err != nil {
		return hidden
	}
	if parsed.User != nil {
		parsed.User = url.User("hidden")
	}
	if parsed.RawQuery != "" {
		parsed.RawQuery = "hidden"
	}
	return parsed.Redacted()
}

// GoString is for %#v, which would print the fields.
func (u URL) GoString() string { return u.String() }

// Format covers every other verb.
func (u URL) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(u.String())) }

// MarshalText is for encoders of JSON, YAML and logs.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

func checkURL(value string) error {
	parsed, err := url.Parse(value)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return errors.New("not a URL: write https://host/path")
	}
	return nil
}
