package main

import (
	"maps"
	"slices"
	"strings"
)

// leavesOf is what an event holds under a path, lists taken apart; whether the
// path is there; and whether a list is on the way or at its end.
func leavesOf(e map[string]any, path string) (leaves []any, there, list bool) {
	var descend func(v any, path string)
	descend = func(v any, path string) {
		switch v := v.(type) {
		case []any:
			list = true
			for _, element := range v {
				descend(element, path)
			}
		case map[string]any:
			for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
				child, ok := v[path[:end]]
				switch {
				case !ok:
					continue
				case end < len(path):
					descend(child, path[end+1:])
				default:
					there = true
					if _, ok := child.([]any); ok {
						list = true
					}
					leaves = appendFlat(leaves, child)
				}
				return
			}
		}
	}
	descend(e, path)
	return leaves, there, list
}

// appendFlat takes lists apart, but no objects.
func appendFlat(to []any, v any) []any {
	list, ok := v.([]any)
	if !ok {
		return append(to, v)
	}
	for _, element := range list {
		to = appendFlat(to, element)
	}
	return to
}

// appendLeaves takes everything apart, for keywords.
func appendLeaves(to []any, v any) []any {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if name != markField {
				to = appendLeaves(to, v[name])
			}
		}
		return to
	case []any:
		for _, element := range v {
			to = appendLeaves(to, element)
		}
		return to
	}
	return append(to, v)
}
