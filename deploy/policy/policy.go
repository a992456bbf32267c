// Package policy carries the default policy: the made-up video platform
// Lumen. The demo unpacks it, and `rules` and `check` can be tried on it from
// any folder. Copy the files and adapt them; docs/policy.md explains each.
package policy

import "embed"

// Files holds the folder as it stands in the repository.
//
//go:embed *.yaml directory.csv demo.key anonymisers/*.txt protected/*.txt rules
var Files embed.FS
