package embedded

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// postgresBin is the folder with the programs of the newest installed PostgreSQL
// that has pgaudit.
func postgresBin() (string, error) {
	missing := &MissingError{What: "PostgreSQL with pgaudit", Command: "deploy/engines/install.sh postgres"}
	found, err := filepath.Glob("/usr/lib/postgresql/*/lib/pgaudit.so")
	if err != nil || len(found) == 0 {
		missing.Err = errors.New("no /usr/lib/postgresql/*/lib/pgaudit.so")
		return "", missing
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for what is no number
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	bin := filepath.Join(filepath.Dir(filepath.Dir(newest)), "bin")
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err != nil {
		missing.Err = err
		return "", missing
	}
	return bin, nil
}

// postgresUser is whom the server runs as: as we are, or as the user postgres (else
// nobody) when we are root.
func postgresUser() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("the server refuses to run as root, and there is no user postgres or nobody")
}

// postgresSettings are the server's arguments. Nothing is synced to disk: the data is
// a test's. Shared memory lies in files under the data directory, so that a kill leaves
// none behind.
func postgresSettings(port int, logDir string, more map[string]string) []string {
	settings := map[string]string{
		"listen_addresses":           "127.0.0.1",
		"port":                       strconv.Itoa(port),
		"unix_socket_directories":    "",
		"max_connections":            "30",
		"shared_buffers":             "16MB",
		"dynamic_shared_memory_type": "mmap",
		"fsync":                      "off",
		"shared_preload_libraries":   "pgaudit",
		"logging_collector":          "on",
		"log_destination":            "jsonlog",
		"log_directory":              logDir,
		"log_filename":               "postgresql.log", // the JSON goes to postgresql.json
		"log_file_mode":              "0644",
		"log_rotation_age":           "0",
		"log_rotation_size":          "0",
		"log_truncate_on_rotation":   "off",
		"log_line_prefix":            "",
	}
	maps.Copy(settings, more)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}
