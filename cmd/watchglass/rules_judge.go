package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/enrich"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/schema"
)

// judgeFlags say how raw events become those that rules see.
type judgeFlags struct {
	policy, keyID, keyFile, format string
	mmdb                           []string
}

func (f *judgeFlags) register(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.policy, "policy", "", "policy folder to enrich with")
	flags.StringVar(&f.keyID, "key-id", "k1", "name of the key of the protected lists")
	flags.StringVar(&f.keyFile, "key-file", "", "file that holds that key (default: every file ID.key in the policy folder)")
	flags.StringSliceVar(&f.mmdb, "mmdb", nil, "geo databases")
	flags.StringVar(&f.format, "format", source.JSON, "format of the events, see docs/sources.md")
}

// judge decodes and enriches as the access consumer does.
type judge struct {
	decoder  source.Decoder
	enricher *enrich.Enricher
}

func (f *judgeFlags) open() (*judge, error) {
	policy := enrich.Config{PolicyDir: f.policy, MMDB: f.mmdb}
	var err error
	if policy.ProtectedKeys, err = readKeys(f.policy, f.keyID, f.keyFile); err != nil {
		return nil, err
	}
	snapshot, err := enrich.Load(policy)
	if err != nil {
		return nil, usageError{err}
	}
	// Lines have no Kafka timestamp to hold their times against.
	const any = 200 * 365 * 24 * time.Hour
	decoder, err := source.New(f.format, source.Config{MaxAge: any, MaxAhead: any})
	if err != nil {
		return nil, usageError{err}
	}
	return &judge{decoder: decoder, enricher: snapshot.NewEnricher()}, nil
}

// event fills ev, which is overwritten as a whole.
func (j *judge) event(raw []byte, ev *schema.AccessEvent) error {
	if err := j.decoder.Decode(raw, time.Now(), ev); err != nil {
		return err //nolint:wrapcheck // the caller says which event it is
	}
	j.enricher.Enrich(ev)
	return nil
}

// policyAndRules tells a policy folder, which has its rules in the folder rules, from
// a folder of rules, whose policy --policy names.
func policyAndRules(dir, policy string) (policyDir, rulesDir string, err error) {
	rules := filepath.Join(dir, "rules")
	info, err := os.Stat(rules)
	switch {
	case err == nil && info.IsDir() && policy == "":
		return dir, rules, nil
	case policy == "":
		return "", "", usageError{fmt.Errorf("%s holds no folder rules: name a policy folder, or a folder of rules with --policy", dir)}
	}
	return policy, dir, nil
}
