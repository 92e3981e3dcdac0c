package reward

// constantSettings are a reward of 1 for every response: a control. Whatever an
// algorithm changes when it maximises this reward alone, the reward did not cause it.
type constantSettings struct{ Weight }

var constantReward = define("constant", constantSettings{Weight{1}}, nil, func(constantSettings, Env) Reward {
	return Each(func(Group, Response) Value { return Value{Total: 1} })
})
