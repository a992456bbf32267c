package embedded

import (
	"context"
	"testing"
	"time"
)

// installed locates the engines and builds their host, or fails with what to type.
func installed(t *testing.T) (Engines, string) {
	t.Helper()
	e, err := Locate(".")
	if err != nil {
		t.Fatal(err)
	}
	host, err := e.BuildHost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return e, host
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
