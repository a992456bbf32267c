package schema

import (
	"bytes"
	"encoding/json"
)

// Attribute is one member that the contract does not name. A value that was
// not a string in the producer's JSON is kept as its JSON text.
type Attribute struct{ Key, Value string }

// AttributeMap is a small map kept as a slice, so that decoding can reuse it.
// Keys are unique and ascending.
type AttributeMap []Attribute

// Get returns the value of a key, and whether it is there.
func (m AttributeMap) Get(key string) (string, bool) {
	for i := range m {
		if m[i].Key == key {
			return m[i].Value, true
		}
	}
	return "", false
}

// MarshalJSON writes an object of strings.
func (m AttributeMap) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, a := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, s := range []string{a.Key, a.Value} {
			if j > 0 {
				b.WriteByte(':')
			}
			text, err := json.Marshal(s)
			if err != nil {
				return nil, err
			}
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
