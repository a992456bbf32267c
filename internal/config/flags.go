package config

import "time"

// ParseDuration reads a duration as the configuration has it: Go's notation,
// and days, such as 30d.
func ParseDuration(text string) (time.Duration, error) { return parseDuration(text) }

// ParseSize reads a number of bytes as the configuration has it, such as 96MiB.
func ParseSize(text string) (Size, error) { return parseSize(text) }
