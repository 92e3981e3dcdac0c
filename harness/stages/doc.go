// Package stages lists the kinds of stages that a run goes through:
//
//	prepare ─► base ─► mle ─► reward ─► policy ─► decode ─► postprocess ─► score
//	                └► negatives ─┴───────┘
//	                └► scorer ──────────────────────────────────────────────┘
//
// A run of a rule has prepare, decode, postprocess and score alone, and the scorer with
// its base where a metric needs it.
//
// A kind is a file of its own: what it reads of the configuration, which stages
// it needs, how it computes its artifact and what of it goes into the store. Which
// stages a run has follows from that alone: the graph begins with the goals and
// asks each kind what it needs.
package stages
