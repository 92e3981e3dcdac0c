// Package algorithms is what may follow fine-tuning by maximum likelihood: a policy
// goes in, a better one is to come out.
//
// An algorithm is a file of its own, its settings on top, that reads from top to
// bottom like its pseudo-code, and a line in the list in algorithms.go. What it needs
// ([Needs]) decides which stages go before it. A rule, which is in the list as well,
// stands in place of a policy and is not trained.
package algorithms
