package main

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/ebitengine/purego"
)

// runClickHouse loads the ClickHouse library and hands it the command line. It
// returns when the engine's last query has ended, and the engine with it.
func runClickHouse(library string, args []string) error {
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("load %s: %w", library, err)
	}
	var query func(argc int32, argv **byte) uintptr
	purego.RegisterLibFunc(&query, handle, "chdb_query_cmdline")
	var failure func(result uintptr) string
	purego.RegisterLibFunc(&failure, handle, "chdb_result_error")

	// argv as C wants it: pinned strings that end in NUL, and a NULL at the end.
	var pin runtime.Pinner
	defer pin.Unpin()
	argv := make([]*byte, 0, len(args)+2)
	for _, a := range append([]string{"clickhouse"}, args...) {
		b := append([]byte(a), 0)
		pin.Pin(&b[0])
		argv = append(argv, &b[0])
	}
	argv = append(argv, nil)
	pin.Pin(&argv[0])

	result := query(int32(len(argv)-1), &argv[0])
	if result == 0 {
		return errors.New("clickhouse gave no result")
	}
	if text := failure(result); text != "" {
		return errors.New(text)
	}
	return nil
}
