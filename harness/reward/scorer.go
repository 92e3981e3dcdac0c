package reward

// scorerSettings are a reward that is the learned scorer's score of the response against
// the references of the training prompt (Shu et al. 2021, arXiv 2106.07691, with BLEURT).
type scorerSettings struct{ Weight }

var scorerReward = define("bleurt", scorerSettings{Weight{1}}, nil, func(_ scorerSettings, env Env) Reward {
	return reference{env.Scorer, env.Text}
}).asksScorer()
