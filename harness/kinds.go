package harness

import (
	"slices"

	"lastmile/experiments"
	"lastmile/harness/postprocess"
	"lastmile/harness/scorer"
	"lastmile/harness/stage"
	"lastmile/metrics"
)

// The kinds of stages.
const (
	prepareKind     = "prepare"
	baseKind        = "base"
	mleKind         = "mle"
	negativesKind   = "negatives"
	rewardKind      = "reward"
	rlKind          = "rl"
	decodeKind      = "decode"
	postprocessKind = "postprocess"
	scorerKind      = "scorer"
	scoreKind       = "score"
)

// policyInput is the name under which a decode stage knows the stage that made
// its model: rl, or mle where there is no rl.
const policyInput = "policy"

// kind is a kind of stage.
type kind struct {
	name string
	// version is that of the code: it is raised when the same settings give
	// other files than before.
	version int
	// part returns the settings that the kind depends on; the others are zero.
	part func(experiments.Config) experiments.Config
	// run computes the artifact.
	run stage.Func
}

// kinds lists all kinds of stages in the order of a run.
func kinds() []kind {
	return []kind{
		{prepareKind, 2, preparePart, runPrepare},
		{baseKind, 2, basePart, runBase},
		{mleKind, 2, mlePart, runMLE},
		{negativesKind, 1, negativesPart, runNegatives},
		{rewardKind, 2, rewardPart, runReward},
		{rlKind, 2, rlPart, runRL},
		{decodeKind, 2, decodePart, runDecode},
		{postprocessKind, 1, postprocessPart, runPostprocess},
		{scorerKind, 2, scorerPart, runScorer},
		{scoreKind, 1, scorePart, runScore},
	}
}

// Known returns the names that a sweep file may use of what packages register:
// metrics, post-processors, and the distortions and targets of the scorer.
func Known() experiments.Known {
	return experiments.Known{
		"metrics":     append(metrics.Names(), learnedMetric),
		"postprocess": postprocess.Names(),
		"distortions": scorer.Kinds(),
		"targets":     scorer.TargetNames(),
	}
}

// needsScorer reports whether a metric is the learned one.
func needsScorer(c experiments.Config) bool {
	return slices.Contains(c.Metrics.Names, learnedMetric)
}
