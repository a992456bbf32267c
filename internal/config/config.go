// Package config reads the one YAML file that Watchglass is configured with.
//
// The Go structs are the whole truth: each field's tags name its key, its
// default, what it may be and what it is for. [Load] decodes a file onto those
// defaults and rejects what it does not understand, naming file, line and
// column; [Reference] writes the documentation; [Config.Effective] writes the
// settings in force.
//
// A secret is never in the file. Where one is wanted, the value says where it
// is: `file:/run/secrets/kafka` or `env:KAFKA_PASSWORD` (see [Secret]).
//
// Tags: `yaml` is the key; `default` its value as it would be written in YAML;
// `min` and `max` bound numbers, durations and sizes; `oneof` lists the values
// allowed, separated by commas; `required` demands a value; `doc` explains it.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml/ast"
)

// Config is every setting. It is not written to after [Load].
type Config struct {
	Kafka      Kafka      `yaml:"kafka" doc:"How to reach Kafka, and the topics."`
	ClickHouse ClickHouse `yaml:"clickhouse" doc:"How to reach ClickHouse, and how long rows are kept."`
	Access     Access     `yaml:"access" doc:"How access events are cut into inserts."`
	Policy     Policy     `yaml:"policy" doc:"What makes an access interesting: countries, people, networks, data, protected subjects."`
	Rules      Rules      `yaml:"rules" doc:"Detection rules."`
	Correlate  Correlate  `yaml:"correlate" doc:"Rules over time."`
	Alerts     Alerts     `yaml:"alerts" doc:"Incidents, and whom they are sent to."`
	HTTP       HTTP       `yaml:"http" doc:"Health, metrics, profiles."`
	Log        Log        `yaml:"log" doc:"Logs, on standard error."`
}

// Default returns the settings of an empty file. Paths in it are relative to
// the working directory.
func Default() *Config {
	cfg, err := decode("", nil, os.LookupEnv)
	if err != nil {
		panic("config: a default is not valid: " + err.Error()) // a tag is wrong: TestDefaults
	}
	return cfg
}

// Load reads a file. Relative paths in it are relative to its folder. An error
// about its content is a [Problems]: it holds everything that is wrong.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("configuration file %s: name another with --config: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(path, text)
}

// Parse decodes the text of a file; path is for messages and for resolving
// relative paths.
func Parse(path string, text []byte) (*Config, error) {
	root, problem := parse(path, text)
	if problem != nil {
		return nil, Problems{*problem}
	}
	return decode(path, root, os.LookupEnv)
}

func decode(path string, root ast.Node, lookupEnv func(string) (string, bool)) (*Config, error) {
	cfg := new(Config)
	d := decoder{file: path, dir: filepath.Dir(path), lookupEnv: lookupEnv, where: map[string]position{}}
	d.section(root, "", structOf(cfg))
	d.check(cfg)
	if len(d.problems) > 0 {
		return nil, d.problems.sorted()
	}
	return cfg, nil
}
