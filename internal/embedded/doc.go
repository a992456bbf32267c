// Package embedded runs the engines that Watchglass stands on (ClickHouse, Kafka,
// PostgreSQL) on one machine, without containers: for the demo and for tests, never
// for production.
//
// [Locate] finds what deploy/engines/install.sh has fetched; StartClickHouse,
// StartKafka and StartPostgres each run real servers as child processes on free
// loopback ports, with all they write in one directory, and return once a real
// request has been answered. StartFakeKafka is an in-process imitation of Kafka that
// proves nothing about Kafka, but needs no Java.
//
// What the package promises: no child outlives its parent, however the parent dies
// (see cmd/watchglass-engine, through which every child is started); Close returns
// when the processes have ended; a start that fails says so with the last lines of
// the engine's own log; nothing is removed that was not made here.
package embedded
