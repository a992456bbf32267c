package embedded

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Engines is the folder that deploy/engines/install.sh fills.
type Engines struct {
	// Dir is the absolute path of the folder .engines.
	Dir string
}

// MissingError says that an engine is not installed, and the one command that
// installs it.
type MissingError struct {
	What    string // for example "ClickHouse"
	Command string // what to type
	Err     error  // what was looked for; may be nil
}

func (e *MissingError) Error() string {
	msg := fmt.Sprintf("%s is not installed: type %q", e.What, e.Command)
	if e.Err != nil {
		msg += " (" + e.Err.Error() + ")"
	}
	return msg
}

func (e *MissingError) Unwrap() error { return e.Err }

// Locate finds the repository that holds dir (the nearest go.mod at or above it),
// and so its engines. It does not look whether they are installed.
func Locate(dir string) (Engines, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Engines{}, fmt.Errorf("locate the engines: %w", err)
	}
	for d := abs; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			return Engines{Dir: filepath.Join(d, ".engines")}, nil
		}
		if d == filepath.Dir(d) {
			return Engines{}, fmt.Errorf("locate the engines: no go.mod at or above %s: start from within the repository", abs)
		}
	}
}

// ClickHouseLibrary is the path of the library that holds ClickHouse, or a
// *MissingError.
func (e Engines) ClickHouseLibrary() (string, error) {
	arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	return e.installed("ClickHouse", "clickhouse",
		filepath.Join("clickhouse", "node_modules", "@chdb", "lib-"+runtime.GOOS+"-"+arch+"-gnu", "libchdb.so"))
}

// CountryDatabase is the path of the free country database (MMDB), or a
// *MissingError.
func (e Engines) CountryDatabase() (string, error) {
	return e.installed("the country database", "geo",
		filepath.Join("geo", "node_modules", "@ip-location-db", "geo-whois-asn-country-mmdb", "geo-whois-asn-country.mmdb"))
}

// KafkaJars is the folder with Kafka's jars, or a *MissingError; Java is looked for
// when Kafka starts.
func (e Engines) KafkaJars() (string, error) {
	return e.installed("Kafka", "kafka", "kafka")
}

// installed trusts the stamp that install.sh writes last, as the package's own files
// are there before it is complete.
func (e Engines) installed(what, name, path string) (string, error) {
	missing := &MissingError{What: what, Command: "deploy/engines/install.sh " + name}
	for _, p := range []string{filepath.Join(name, ".stamp"), path} {
		if _, err := os.Stat(filepath.Join(e.Dir, p)); err != nil {
			missing.Err = err
			return "", missing
		}
	}
	return filepath.Join(e.Dir, path), nil
}

// BuildHost builds cmd/watchglass-engine into the folder, and returns its path. The
// go command's cache makes it quick when nothing has changed; several may build at
// once.
func (e Engines) BuildHost(ctx context.Context) (string, error) {
	dir := filepath.Join(e.Dir, "bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("build watchglass-engine: %w", err)
	}
	tmp, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return "", fmt.Errorf("build watchglass-engine: %w", err)
	}
	defer os.RemoveAll(tmp)
	built := filepath.Join(tmp, hostName)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", built, "./cmd/watchglass-engine")
	cmd.Dir = filepath.Dir(e.Dir)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build watchglass-engine: %w: %s", err, out)
	}
	host := filepath.Join(dir, hostName)
	if err := os.Rename(built, host); err != nil {
		return "", fmt.Errorf("build watchglass-engine: %w", err)
	}
	return host, nil
}

const hostName = "watchglass-engine"

// FindHost looks for the host binary beside the running program, which is where
// `make build` puts it.
func FindHost() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find %s: %w", hostName, err)
	}
	host := filepath.Join(filepath.Dir(self), hostName)
	if _, err := os.Stat(host); err != nil {
		return "", &MissingError{What: hostName, Command: "make build", Err: err}
	}
	return host, nil
}
