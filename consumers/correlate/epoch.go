package correlate

import (
	"strconv"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// Where a rule stands is kept under a key of its owner's epoch, which is higher than
// that of any owner before. A paused owner that wakes up writes under a key that
// loses, whatever it writes and however late: it cannot set a rule back, or begin
// anew one that has long begun.

func keyOf(rule string, epoch uint32) string {
	return rule + "." + strconv.FormatUint(uint64(epoch), 10)
}

func parseKey(key string) (rule string, epoch uint32, ok bool) {
	cut := strings.LastIndexByte(key, '.')
	if cut < 1 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(key[cut+1:], 10, 32)
	return key[:cut], uint32(n), err == nil
}

// contents are what a restore has found of one rule, by epoch.
type contents map[uint32]kept

// kept is the last record of an epoch.
type kept struct {
	run       schema.CorrelationRun
	partition int32
	deleted   bool
}

// put replaces what was there under the same epoch.
func (c contents) put(epoch uint32, k kept) {
	if k.deleted {
		delete(c, epoch)
		return
	}
	c[epoch] = k
}

// newest is the highest epoch; false if there is none.
func (c contents) newest() (epoch uint32, ok bool) {
	for e := range c {
		if !ok || e > epoch {
			epoch, ok = e, true
		}
	}
	return epoch, ok
}
