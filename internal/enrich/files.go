package enrich

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Names in the policy folder.
const (
	fileJurisdictions  = "jurisdictions.yaml"
	fileEntities       = "entities.yaml"
	fileDirectoryCSV   = "directory.csv"
	fileDirectoryJSONL = "directory.jsonl"
	fileNetworks       = "networks.yaml"
	fileCatalog        = "catalog.yaml"
	dirAnonymisers     = "anonymisers"
	dirProtected       = "protected"
)

// part is a piece of the policy that is read, and kept, on its own.
type part uint8

const (
	partJurisdictions part = iota
	partEntities
	partDirectory
	partNetworks
	partAnonymisers
	partGeo
	partCatalog
	partProtected
	partCount
)

// String is the value of the metrics' label.
func (p part) String() string {
	return [...]string{"jurisdictions", "entities", "directory", "networks", "anonymisers", "geo", "catalog", "protected"}[p]
}

// files lists the files of a part, which may not be there.
func (cfg *Config) files(p part) ([]string, error) {
	in := func(name string) []string { return []string{filepath.Join(cfg.PolicyDir, name)} }
	switch p {
	case partJurisdictions:
		return in(fileJurisdictions), nil
	case partEntities:
		return in(fileEntities), nil
	case partNetworks:
		return in(fileNetworks), nil
	case partCatalog:
		return in(fileCatalog), nil
	case partGeo:
		return cfg.MMDB, nil
	case partAnonymisers:
		return listFiles(filepath.Join(cfg.PolicyDir, dirAnonymisers))
	case partProtected:
		return listFiles(filepath.Join(cfg.PolicyDir, dirProtected))
	}
	_, noCSV := os.Stat(in(fileDirectoryCSV)[0])
	_, noJSONL := os.Stat(in(fileDirectoryJSONL)[0])
	switch {
	case noCSV == nil && noJSONL == nil:
		return nil, fmt.Errorf("%s: there are both %s and %s: keep one", cfg.PolicyDir, fileDirectoryCSV, fileDirectoryJSONL)
	case noJSONL == nil:
		return in(fileDirectoryJSONL), nil
	}
	return in(fileDirectoryCSV), nil
}

// listFiles lists the .txt files of an optional folder, ascending.
func listFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list policy: %w", err)
	}
	var out []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".txt") && !strings.HasPrefix(e.Name(), ".") {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(out)
	return out, nil
}

// sum is a hash over the names and contents of a part's files.
type sum [sha256.Size]byte

// inputs reads the files of one part, and hashes what it reads.
type inputs struct{ hash hash.Hash }

func newInputs() *inputs { return &inputs{hash: sha256.New()} }

// read hands a file to parse, and then makes sure that all of it was hashed.
func (in *inputs) read(path string, parse func(name string, r io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read policy: %w", err)
	}
	defer f.Close()
	fmt.Fprintf(in.hash, "%d:%s\n", len(filepath.Base(path)), filepath.Base(path))
	r := io.TeeReader(f, in.hash)
	err = parse(path, r)
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	if err != nil {
		var at *FileError
		if errors.As(err, &at) {
			return err
		}
		return fmt.Errorf("read %s: %w", path, err)
	}
	_, _ = in.hash.Write([]byte{0})
	return nil
}

func (in *inputs) sum() (s sum) {
	in.hash.Sum(s[:0])
	return s
}

// stamp tells cheaply whether the files of a part may have changed.
type stamp struct {
	files []stampedFile
	fresh bool // a file changed so shortly before the stamp that a second change could go unseen
}

type stampedFile struct {
	path string
	info fs.FileInfo // nil when it was not there
}

// freshness is more than the resolution of any file system's timestamps.
const freshness = 2 * time.Second

func (cfg *Config) stamp(p part, now time.Time) stamp {
	paths, err := cfg.files(p)
	if err != nil {
		return stamp{fresh: true}
	}
	var s stamp
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			info = nil
		} else if info.ModTime().After(now.Add(-freshness)) {
			s.fresh = true
		}
		s.files = append(s.files, stampedFile{path, info})
	}
	return s
}

// same reports whether nothing can have changed since s was taken.
func (s stamp) same(now stamp) bool {
	return !s.fresh && slices.EqualFunc(s.files, now.files, func(a, b stampedFile) bool {
		if a.path != b.path || (a.info == nil) != (b.info == nil) {
			return false
		}
		return a.info == nil || os.SameFile(a.info, b.info) && a.info.Size() == b.info.Size() && a.info.ModTime().Equal(b.info.ModTime())
	})
}
