// Package harness makes experiments of sweep files.
//
// A run is a path through stages, and a stage that several runs go through is
// computed once:
//
//	prepare ─► base ─► mle ─► reward ─► rl ─► decode ─► postprocess ─► score
//	                └► negatives ─┘
//	                └► scorer ──────────────────────────────────────────┘
//
// [Plan] turns a sweep into such a graph, [Graph.Run] computes what of it is
// not there yet and brings the results into the store, the SQLite file
// lastmile.db in the work folder. Which settings a kind of stage depends on is
// in part.go, and which function computes it in kinds.go; each of these
// functions is in a file of its own, stage_KIND.go. The engine under all this
// is the package stage; the sub-packages have the names of what a paper calls
// them.
package harness
