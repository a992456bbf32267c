package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

// besides is what a worker needs apart from rows and policy: chunks fetched,
// buffers of requests and inserts, and room for the garbage collector.
const besides = 120 << 20

// limitMemory sets Go's soft memory limit from what is loaded and what rows
// may take, so that the collector works in time and a worker stays small. An
// operator's GOMEMLIMIT comes first.
func limitMemory(budget int64) int64 {
	if os.Getenv("GOMEMLIMIT") != "" {
		return debug.SetMemoryLimit(-1)
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	// Twice the policy: a reload builds the new one beside the old one. Twice
	// the rows: columns grow by doubling.
	limit := 2*int64(m.HeapAlloc) + 2*budget + besides
	debug.SetMemoryLimit(limit)
	return limit
}
