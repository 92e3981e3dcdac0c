// Package harness holds no code. Its rooms are what makes an experiment of a sweep
// file, from the top down:
//
//	command      the command line, a command a file
//	results      finding runs in the store, showing, exporting, generating
//	scoring      scoring and comparing texts, of runs and of files
//	graph        a sweep as a graph of stages: plan, run, status, into the store
//	stages       the kinds of stages, one a file, and the sections of a sweep file
//	algorithms   what may follow maximum likelihood, one a file
//	rollout      what on-policy algorithms share: sampling, rewards, KL, advantages
//	pairs        what preference algorithms share: a better and a worse response
//	reward       rewards by name, their weighted sum, and the reward model
//	negatives    bad responses made of good ones, a kind a file
//	trivial      what can be told of a response without judging it
//	postprocess  repairs of outputs by rules
//	encoder      BERT, RoBERTa and DeBERTa-v3 encoders, and how they read texts
//	scorer       the learned metric
//	likelihood   metrics by a causal language model
//	bertscore    BERTScore, by an encoder
//	faithfulness what the input entails of a text, by a classifier
//	external     processes of the user's that compute metrics and rewards
//	train        next-token prediction, maximum likelihood, optimizer, checkpoints
//	decode       from prompts to responses
//	data         from a task to examples and tokens
//	model        the transformer and its checkpoints
//	tokenizer    text to tokens and back
//	safetensors  the file format
//	jsonfile     JSON that others wrote, and in plain words what is wrong with it
//	foreign      reading files that may be a stranger's
//	spreadsheet  texts of others in tables
//	torch        tensors, and the only room that knows gotch
//	kept         numbers that took long, kept as they come
//	stage        the engine: keys, artifacts, locks, child processes
//	random       random streams by name
//
// and beside them doctor (what speed hangs on), progress (bars and lines), bench
// (measuring beside peers) and fuzztest (what fuzz targets look at).
//
// Imports run downwards: command → results, scoring → graph → stages → algorithms →
// rollout, pairs → reward → train, decode → model → torch. The room stage imports
// none of ours but jsonfile, and experiments, metrics and runs import nothing of harness. Which
// room may import which is a table in rooms_test.go, beside main.go.
package harness
