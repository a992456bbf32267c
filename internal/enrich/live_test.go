package enrich

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/watchglass/watchglass/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const accessors = "id,employer,home_country,status\n"

func newLive(t *testing.T, dir string, o Options) *Live {
	t.Helper()
	l, err := NewLive(Config{PolicyDir: dir, ProtectedKeys: testKeys()}, o, zerolog.Nop(), prometheus.NewRegistry())
	must(t, err)
	return l
}

func (l *Live) knows(id string) bool {
	return enriched(l.Snapshot(), schema.AccessEvent{Accessor: schema.Accessor{ID: id}}).Known
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	writePolicy(t, dir, lumen())
	l := newLive(t, dir, Options{})
	lane := l.NewLane()
	first := l.Snapshot()
	for _, step := range []struct {
		name   string
		files  map[string]string
		want   Result
		loaded string
		stale  []part
	}{
		{"nothing changed", nil, Unchanged, "", nil},
		{"written again, the same", map[string]string{"catalog.yaml": lumen()["catalog.yaml"]}, Unchanged, "", nil},
		{"a good change", map[string]string{"directory.csv": accessors + "new,lumen-us,US,active\n"}, Loaded, "directory", nil},
		{"a bad change", map[string]string{"directory.csv": accessors + "bad,lumen-us,US,gone\n"}, Rejected, "", []part{partDirectory}},
		{"is reported once", nil, Unchanged, "", []part{partDirectory}},
		{"a bad part does not hold up a good one", map[string]string{"anonymisers/more.txt": "192.0.3.0/24\n"}, Loaded, "anonymisers", []part{partDirectory}},
		{"mended as it was", map[string]string{"directory.csv": accessors + "new,lumen-us,US,active\n"}, Unchanged, "", nil},
		{"refers to what is not there yet", map[string]string{"directory.csv": accessors + "newer,lumen-fr,FR,active\n"}, Rejected, "", []part{partDirectory}},
		{"until it is", map[string]string{"entities.yaml": lumen()["entities.yaml"] + "  - {id: lumen-fr, country: FR}\n"}, Loaded, "entities directory", nil},
		{"takes away what is referred to", map[string]string{"entities.yaml": lumen()["entities.yaml"]}, Rejected, "", []part{partEntities}},
	} {
		before := l.Snapshot()
		writePolicy(t, dir, step.files)
		out := l.Check()
		if loaded := strings.Join(out.Loaded, " "); out.Result != step.want || loaded != step.loaded {
			t.Fatalf("%s: %s, loaded %q (%v), want %s %q", step.name, out.Result, loaded, out.Errors, step.want, step.loaded)
		}
		if step.loaded == "" && l.Snapshot() != before {
			t.Errorf("%s: the snapshot changed", step.name)
		}
		for p := range partCount {
			if got, want := testutil.ToFloat64(l.metrics.stale.WithLabelValues(p.String())), oneIf(slices.Contains(step.stale, p)); got != want {
				t.Errorf("%s: stale{part=%q} is %v, want %v", step.name, p, got, want)
			}
		}
	}
	if l.Snapshot().Version() == first.Version() || !l.knows("newer") || l.knows("new") {
		t.Errorf("in force is %v", l.Snapshot())
	}
	ev := schema.AccessEvent{Accessor: schema.Accessor{ID: "newer"}}
	if lane.Enrich(&ev); !ev.Enrichment.Known || ev.Enrichment.PolicyVersion != l.Snapshot().Version() {
		t.Error("a lane that was made before does not follow")
	}
	if got := testutil.ToFloat64(l.metrics.reloads.WithLabelValues("directory", "rejected")); got != 2 {
		t.Errorf("%v rejections of the directory are counted, want 2", got)
	}
	if got := testutil.ToFloat64(l.metrics.entries.WithLabelValues("accessors")); got != 1 {
		t.Errorf("%v accessors, want 1", got)
	}
}

func TestVersionFollowsContents(t *testing.T) {
	load := func(files map[string]string) string { return loadPolicy(t, files).Version() }
	a := load(lumen())
	if a != load(lumen()) {
		t.Error("the same files give two versions")
	}
	for _, name := range []string{"catalog.yaml", "directory.csv", "anonymisers/tor.txt"} {
		if a == load(with(lumen(), name, lumen()[name]+"\n")) {
			t.Errorf("%s does not count", name)
		}
	}
}

func TestABadFileAtStartIsFatal(t *testing.T) {
	dir := t.TempDir()
	writePolicy(t, dir, with(lumen(), "networks.yaml", "version: 1\nnetworks: 7\n", "catalog.yaml", ""))
	_, err := NewLive(Config{PolicyDir: dir}, Options{}, zerolog.Nop(), prometheus.NewRegistry())
	if err == nil || !strings.Contains(err.Error(), "networks.yaml:2") || !strings.Contains(err.Error(), "catalog.yaml") {
		t.Errorf("%v, want both files", err)
	}
}

// Files are replaced in each way that editors and orchestrators do it, while Run watches.
func TestRunSeesEachWayOfReplacing(t *testing.T) {
	for name, way := range map[string]struct {
		lay     func(t *testing.T, root string, files map[string]string) (policy string)
		replace func(t *testing.T, root string, files map[string]string)
	}{
		"in place": {
			func(t *testing.T, root string, files map[string]string) string {
				writePolicy(t, root, files)
				return root
			},
			rewriteDirectory,
		},
		"renamed over": {
			func(t *testing.T, root string, files map[string]string) string {
				writePolicy(t, root, files)
				return root
			},
			func(t *testing.T, root string, files map[string]string) {
				must(t, os.WriteFile(filepath.Join(root, "directory.csv~"), []byte(files["directory.csv"]), 0o600))
				must(t, os.Rename(filepath.Join(root, "directory.csv~"), filepath.Join(root, "directory.csv")))
			},
		},
		"ConfigMap": {
			func(t *testing.T, root string, files map[string]string) string {
				writePolicy(t, filepath.Join(root, "..v1"), files)
				must(t, os.Symlink("..v1", filepath.Join(root, "..data")))
				for name := range files {
					top := strings.Split(name, "/")[0]
					if err := os.Symlink("..data/"+top, filepath.Join(root, top)); err != nil && !os.IsExist(err) {
						t.Fatal(err)
					}
				}
				return root
			},
			func(t *testing.T, root string, files map[string]string) {
				writePolicy(t, filepath.Join(root, "..v2"), files)
				must(t, os.Symlink("..v2", filepath.Join(root, "..data_tmp")))
				must(t, os.Rename(filepath.Join(root, "..data_tmp"), filepath.Join(root, "..data")))
				must(t, os.RemoveAll(filepath.Join(root, "..v1")))
			},
		},
		"the folder itself is a link": {
			func(t *testing.T, root string, files map[string]string) string {
				writePolicy(t, filepath.Join(root, "v1"), files)
				must(t, os.Symlink("v1", filepath.Join(root, "policy")))
				return filepath.Join(root, "policy")
			},
			func(t *testing.T, root string, files map[string]string) {
				writePolicy(t, filepath.Join(root, "v2"), files)
				must(t, os.Symlink("v2", filepath.Join(root, "tmp")))
				must(t, os.Rename(filepath.Join(root, "tmp"), filepath.Join(root, "policy")))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			outcomes, watching := make(chan Outcome, 64), make(chan []string, 64)
			l := newLive(t, way.lay(t, root, lumen()), Options{
				Quiet: time.Millisecond, Poll: time.Hour,
				OnCheck: func(o Outcome) { outcomes <- o }, OnWatch: func(dirs []string) { watching <- dirs },
			})
			stop := run(t, l)
			defer stop()
			<-watching
			<-outcomes // the first look
			for i, id := range []string{"one", "two"} {
				if i == 1 && name != "in place" && name != "renamed over" {
					break
				}
				way.replace(t, root, with(lumen(), "directory.csv", accessors+id+",lumen-us,US,active\n"))
				for !l.knows(id) {
					if o := <-outcomes; len(o.Errors) > 0 {
						t.Log(o.Errors) // a file in the middle of being written
					}
				}
			}
		})
	}
}

func rewriteDirectory(t *testing.T, root string, files map[string]string) {
	writePolicy(t, root, map[string]string{"directory.csv": files["directory.csv"]})
}

// run starts Run, and returns what stops it and waits for its end.
func run(t *testing.T, l *Live) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestThePollIsANet(t *testing.T) {
	dir := t.TempDir()
	writePolicy(t, dir, lumen())
	outcomes := make(chan Outcome, 64)
	l := newLive(t, dir, Options{Quiet: time.Hour, Poll: time.Millisecond, OnCheck: func(o Outcome) {
		select {
		case outcomes <- o:
		default:
		}
	}})
	stop := run(t, l)
	defer stop()
	writePolicy(t, dir, map[string]string{"directory.csv": accessors + "one,lumen-us,US,active\n"})
	for !l.knows("one") {
		<-outcomes
	}
}

// Lanes enrich while the policy is replaced under them: each event is judged
// by one snapshot, whole.
func TestLanesDuringReloads(t *testing.T) {
	dir := t.TempDir()
	writePolicy(t, dir, lumen())
	l := newLive(t, dir, Options{})
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		lane := l.NewLane()
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				ev := schema.AccessEvent{Accessor: schema.Accessor{ID: "e-us"}, Origin: schema.Origin{IP: ip("10.20.3.4")}, Resource: usData(), Subject: schema.Subject{IDs: []string{fmt.Sprint("u-", i%100)}}}
				lane.Enrich(&ev)
				if en := ev.Enrichment; en.Known != (en.Unit != "") || en.Restricted == en.Known || len(en.PolicyVersion) != 16 {
					t.Errorf("torn: %+v", en)
					return
				}
			}
		})
	}
	for i := range 20 {
		text := lumen()["directory.csv"]
		if i%2 == 0 {
			text = accessors + fmt.Sprintf("x-%d,lumen-us,US,active\n", i)
		}
		writePolicy(t, dir, map[string]string{"directory.csv": text, "protected/a.txt": protectedLine(t, testKeys()[0], fmt.Sprint("u-", i), "staff")})
		if out := l.Check(); out.Result != Loaded {
			t.Errorf("reload %d: %+v", i, out)
		}
	}
	close(done)
	wg.Wait()
}
