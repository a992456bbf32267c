package enrich

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Key is a secret under which protected subjects are hashed. Two may be in
// use at once, while one replaces the other.
type Key struct {
	ID     string // stands in the lists: letters, digits, _ and -, at most 32
	Secret []byte // at least MinSecretBytes
}

// MinSecretBytes is the least that a key must hold: with less, whoever has a
// list could try all keys.
const MinSecretBytes = 16

// HashLine makes the line of a protected list for one subject: its keyed hash
// and its groups. The id is taken exactly as events carry it in subject.ids.
func HashLine(key Key, id string, groups []string) (string, error) {
	if err := key.check(); err != nil {
		return "", err
	}
	if id == "" {
		return "", errors.New("protect: a subject id is empty")
	}
	if len(groups) == 0 {
		return "", errors.New("protect: no group given: expected one such as journalist")
	}
	for _, g := range groups {
		if !validGroup(g) {
			return "", fmt.Errorf("protect: group %q: expected 1 to 32 small letters, digits, _ and -", g)
		}
	}
	groups = slices.Clone(groups)
	slices.Sort(groups)
	mac := hmac.New(sha256.New, key.Secret)
	mac.Write([]byte(id))
	return key.ID + ":" + hex.EncodeToString(mac.Sum(nil)) + " " + strings.Join(slices.Compact(groups), ","), nil
}

func (k Key) check() error {
	if k.ID == "" || len(k.ID) > 32 || strings.Trim(strings.ToLower(k.ID), "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		return fmt.Errorf("protected key %q: expected an id of 1 to 32 letters, digits, _ and -", k.ID)
	}
	if len(k.Secret) < MinSecretBytes {
		return fmt.Errorf("protected key %q: the secret has %d bytes: expected at least %d", k.ID, len(k.Secret), MinSecretBytes)
	}
	return nil
}

func checkKeys(keys []Key) error {
	for i, k := range keys {
		if err := k.check(); err != nil {
			return err
		}
		if slices.Index(keyIDs(keys), k.ID) != i {
			return fmt.Errorf("protected key %q is configured twice", k.ID)
		}
	}
	return nil
}

func keyIDs(keys []Key) []string {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = k.ID
	}
	return ids
}

func validGroup(g string) bool {
	return g != "" && len(g) <= 32 && strings.Trim(g, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// String and GoString keep the secret out of logs.
func (k Key) String() string { return "key " + k.ID }

// GoString is String.
func (k Key) GoString() string { return k.String() }
