// Package enrich completes an access event with what the operator's policy
// folder knows: where the client is, who the accessor is and under whose law,
// what kind of data was read, whether its subjects are protected.
//
// Data passes through in one direction. [Load] reads and validates the policy
// folder and gives an immutable [Snapshot]. A [Snapshot] makes any number of
// [Enricher]s, one for each goroutine; an Enricher holds caches, which belong to
// its snapshot and go with it. [Live] keeps the current snapshot up to date
// with the files, and a [Lane] is an Enricher that follows it.
//
// What it promises:
//   - The same snapshot and the same event give the same [schema.Enrichment],
//     whatever was enriched before: caches change the cost, never the verdict.
//   - What is not known is never taken for harmless: it fails closed, unless
//     policy says otherwise.
//   - A snapshot that was handed out is complete and valid. A bad file never
//     replaces a good one.
//   - No error, log line or metric holds an accessor's or a subject's id, or an
//     event's address.
//
// docs/policy.md describes the files for those who write them.
package enrich
