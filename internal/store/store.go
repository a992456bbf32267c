// Package store is ClickHouse: the migrations, the column writer, and the few
// questions that the workers ask of what they stored.
//
// Two clients, for two jobs. [DB] speaks through clickhouse-go and is used for
// migrations, checks and queries. [Writer] speaks through ch-go and does one
// thing: it sends one block of columns as one insert with one deduplication
// token. What is sent is gathered in a [Block] (access events) or one of the
// archive blocks (alerts, incident changes, deliveries, dead letters).
//
// What it promises: [Writer.Insert] returns nil only when the server has
// acknowledged the rows. Any other outcome is unknown, and the same rows may
// be sent again with the same token: the server drops, per ClickHouse
// partition, what it already has. An insert that arrives later than
// [LateBound] after its rows were last known to be its sender's is refused by
// the server, so a paused process cannot write into the past. [DB.Held] tells exactly which offsets
// are stored.
package store

import "time"

// LateBound is how long after the time of its attempt (stored_at) an insert is
// still accepted, and how far the clocks of a worker and of ClickHouse may be
// apart. The CHECK constraint `fence` of every table enforces it; a test holds
// the two together.
const LateBound = 10 * time.Minute

// DedupWindow is how many blocks each table remembers the tokens of. At eighty
// inserts a second it lasts for twenty minutes, as long as it is relied on; the
// metric watchglass_store_window_used_ratio says how much of it is in use.
const DedupWindow = 100_000

// MaxBlockRows is the most rows one insert may carry. The identity of an
// insert depends on how it is cut into blocks, so it must stay well below the
// server's max_insert_block_size (1,048,449).
const MaxBlockRows = 500_000
