package reward

// endingSettings are a reward that takes off 1 from a response without the end token
// (the "EOS trick" of Huang et al. 2024).
type endingSettings struct{ Weight }

var endingReward = define("ending", endingSettings{Weight{1}}, nil, func(endingSettings, Env) Reward {
	return Each(func(_ Group, r Response) Value {
		if r.Ended {
			return Value{}
		}
		return Value{Total: -1}
	})
}).byDefault()
