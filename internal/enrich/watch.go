package enrich

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// maxUnrest is how long a never-ending stream of changes can put off reading.
const maxUnrest = 5 * time.Second

// Run watches the policy until ctx ends, and then returns nil. Folders are
// watched, not files: editors and ConfigMaps replace files by renaming. The poll is
// the net for file systems that tell nothing; if they cannot be watched at all,
// it is all there is.
func (l *Live) Run(ctx context.Context) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		l.log.Warn().Err(err).Dur("poll", l.options.Poll).Msg("cannot watch the policy folder: changes are found by looking now and then")
		watcher = &fsnotify.Watcher{}
	} else {
		defer watcher.Close()
	}
	poll := time.NewTicker(l.options.Poll)
	defer poll.Stop()
	quiet := time.NewTimer(0) // the first look is for changes since NewLive
	defer quiet.Stop()
	var unrest time.Time // since when changes have come without a rest
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev, ok := <-watcher.Events:
			if ok && l.concerns(ev) {
				if unrest.IsZero() {
					unrest = time.Now()
				}
				quiet.Reset(max(0, min(l.options.Quiet, maxUnrest-time.Since(unrest))))
			}
			continue
		case err := <-watcher.Errors:
			l.log.Warn().Err(err).Msg("watching the policy folder")
		case <-poll.C:
		case <-quiet.C:
		}
		unrest = time.Time{}
		if err == nil {
			l.watch(watcher)
		}
		out := l.Check()
		if l.options.OnCheck != nil {
			l.options.OnCheck(out)
		}
	}
}

// concerns filters what happens beside the policy: of the folder that holds
// the policy folder only the policy folder itself, of those with geo databases only these.
func (l *Live) concerns(ev fsnotify.Event) bool {
	if ev.Op == fsnotify.Chmod {
		return false
	}
	name, policy := filepath.Clean(ev.Name), filepath.Clean(l.cfg.PolicyDir)
	switch dir := filepath.Dir(name); {
	case name == policy, dir == policy, dir == filepath.Join(policy, dirAnonymisers), dir == filepath.Join(policy, dirProtected):
		return true
	default:
		// ..data is the link that the files of a ConfigMap go through.
		return slices.ContainsFunc(l.cfg.MMDB, func(m string) bool {
			return name == filepath.Clean(m) || dir == filepath.Dir(m) && filepath.Base(name) == "..data"
		})
	}
}

// watch (re)places the watches before files are looked at: a folder that was
// itself replaced needs a new one, and what changes after that is seen.
func (l *Live) watch(w *fsnotify.Watcher) {
	dirs := []string{l.cfg.PolicyDir, filepath.Dir(filepath.Clean(l.cfg.PolicyDir)), filepath.Join(l.cfg.PolicyDir, dirAnonymisers), filepath.Join(l.cfg.PolicyDir, dirProtected)}
	for _, m := range l.cfg.MMDB {
		dirs = append(dirs, filepath.Dir(m))
	}
	for _, dir := range dirs {
		_ = w.Remove(dir)
		_ = w.Add(dir) // a folder that is not there appears in one that is; else the poll finds it
	}
	if l.options.OnWatch != nil {
		l.options.OnWatch(w.WatchList())
	}
}
