// Package runs keeps what was run in one SQLite file: sweeps, runs with their
// resolved configuration, stages with their cost, training curves, examples,
// outputs, metrics and scores.
//
// The file is derived: the artifacts of the stages hold the same facts, and
// deleting the file and ingesting again rebuilds it. So an [Ingest] is
// idempotent, stage by stage, and a stage is there whole or not at all. Two
// processes may ingest at once.
//
// A sweep may have ten thousand runs and millions of scores. So no query reads
// more than it returns, and what may be long is returned piece by piece.
//
// The tables are documented in schema, and README.md shows how to ask
// them from sqlite3 and pandas. The package knows SQL and nothing of what the
// numbers mean: the statistics are those of the package metrics.
package runs
