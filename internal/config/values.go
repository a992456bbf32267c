package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Path is a file or folder; [Load] makes it relative to the working directory.
type Path string

// Size is a number of bytes, written as 1048576, 512KiB, 96MiB or 2GiB.
type Size int64

func (s Size) String() string {
	units := []string{"GiB", "MiB", "KiB"}
	for i, unit := range units {
		if one := Size(1) << (10 * (len(units) - i)); s >= one && s%one == 0 {
			return strconv.FormatInt(int64(s/one), 10) + unit
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

func parseSize(text string) (Size, error) {
	number, shift := text, 0
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if n, ok := strings.CutSuffix(text, unit); ok {
			number, shift = n, 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("not a size: write bytes, or a number with KiB, MiB or GiB, such as 96MiB")
	}
	return Size(n << shift), nil
}

const day = 24 * time.Hour

// parseDuration takes Go's notation, and days: 400d.
func parseDuration(text string) (time.Duration, error) {
	if number, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseInt(number, 10, 64); err == nil && n >= 0 && n <= int64(math.MaxInt64/day) {
			return time.Duration(n) * day, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("not a duration: write a number with its unit, such as 500ms, 10s, 15m, 1h or 400d")
	}
	return d, nil
}

func formatDuration(d time.Duration) string {
	if d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	text := d.String() // 1h0m0s, 15m0s
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
