// Package reward says what a response is worth: rewards by name, whose weighted
// sum reinforcement learning maximises ([Sum]), and the reward model, which one
// of them asks ([Train]). No person has rated anything.
//
// A reward is a file of its own and a line in the list in rewards.go. It scores
// the responses to a batch of prompts, each with one number or token by token.
package reward
