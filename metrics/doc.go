// Package metrics says how good a text is and whether a difference is noise.
//
// # Metrics
//
// A [Metric] turns an [Input] (a hypothesis, its references, the text that it
// was made from) into a number. [New] makes one by its name, [Names] lists
// them, [All] scores many inputs with many metrics on all cores. A metric made
// elsewhere, such as a learned one, joins by implementing [Metric]. A score is
// worth as much as the statement of how it was made, so each metric has a
// signature in the manner of sacrebleu (Post 2018):
//
//	rougeL|stem:yes|agg:max|tok:rouge-score-0.1.2|v:1.0
//
// In the formulas below, h and r are the lengths of hypothesis and reference
// in words as [Tokenize] makes them. Each score belongs to one example; a
// system's score is the mean over its examples.
//
// # ROUGE
//
// After Lin (2004), equal to the Python package rouge-score 0.1.2. With
// count(g, x) the number of times that the n-gram g is in the text x:
//
//	hits      = sum over g of min(count(g, hypothesis), count(g, reference))
//	precision = hits / (h − n + 1)
//	recall    = hits / (r − n + 1)
//	F1        = 2 · precision · recall / (precision + recall), 0 where both are 0
//
// rouge1 to rouge9 are the F1 of n-grams, rougeL has the length of the longest
// common subsequence for hits and h and r below the fractions. rougeLsum takes
// the lines of both texts apart: a line of the reference hits the union of its
// longest common subsequences with each line of the hypothesis, no word more
// often than either text has it. With [Options.SplitSentences] it takes
// sentences instead of lines.
//
// A name that ends in -precision or -recall gives that part instead of F1. Of
// several references, the one with the highest F1 counts, the first of equals.
//
// # Length-adjusted ROUGE
//
// ROUGE's F1 times a factor that is 1 where h = r and falls with the mismatch;
// 0 where the hypothesis has no words. The reference that wins the ROUGE also
// gives r.
//
//	ratio    min(h/r, r/h)
//	exp      exp(−α · |h/r − 1|)
//	brevity  exp(1 − r/h) where h < r, BLEU's brevity penalty (Papineni et al.
//	         2002), and its mirror exp(1 − h/r) where h > r
//
// A fourth formula, length-normalised, is after Sun et al. (2019, "How to
// Compare Summarizers without Target Length?"): F1 over what a random system
// of the same length gets,
//
//	F1 / R(h),  R(n) = mean over the task's examples and over draws of the F1
//	                   of a random text of n words from the example's input
//
// A random text is the input's sentences in a random order, read in a circle
// from a random word on: it keeps runs of words, so that longer n-grams can be
// hit as well, and each word of the input is as likely. It is scored as texts
// are, with the best of several references. R is estimated from 4,000 texts or
// more ([RandomSystem]) at n = 1, 2, 3, 4, 6, 8, 12, 16, 24 and so on, and in
// between on the straight line; the draws are named by the input, so that R
// depends on the task alone. An R of 0 is an error. Sun et al. divide a
// system's mean by the random system's at the system's mean length; here each
// text is divided by R at its own length, which gives each example a score.
//
// # BLEU and chrF
//
// Equal to sacrebleu 2.6 with its defaults, on its scale from 0 to 100: bleu
// after Papineni et al. (2002) with the tokenizer 13a and exponential
// smoothing, chrf after Popović (2015) with 6-grams of characters and β = 2. A
// text's score is sacrebleu's of a sentence (BLEU with effective order), and
// the mean over texts is the mean of these. Both also have a value for all
// texts together ([Pooled]), sacrebleu's of a corpus: counts are summed over
// texts and one score is made of them. [PoolScores] gives each text the part
// that it has in that value, a jackknife's pseudovalue (Tukey 1958), so that it
// is estimated and tested as means are.
//
// # Others
//
//	length        h
//	length_ratio  h / mean of r over the references; a mean of 0 counts as 1
//	repetition    share of a text's n-grams, n = 1 to 4 together, that the text
//	              had before: 1 − distinct/all; 0 for a text without repetition.
//	              The words are those between spaces, in lower case, without
//	              punctuation around them where something else is left, so that
//	              loops of signs or of any script are seen
//	ended         1 where the text ended by itself, 0 where it was cut off
//	exact         1 where the text equals a reference, spaces aside
//	novelty1 to 4 share of the text's n-grams that the input does not have; 0
//	              for a text without any
//	coverage      share of the text's words in fragments copied from the input
//	              (Grusky et al. 2018): sum of |f| over fragments f / words
//	density       sum of |f|² / words: how long the fragment around a word is
//	distinct1 to 4 different n-grams of all texts over all n-grams of all texts
//	              (Li et al. 2016). It belongs to a run. A text's own score is
//	              its part in it: an n-gram that occurs c times in the run
//	              counts 1/c at each place, over n-grams by text. The mean of
//	              these is distinct-n; an interval takes the parts as given
//	length_distance Wasserstein distance of order 1 between the lengths h of a
//	              run's texts and those of its references, of several of which
//	              each has an equal share: ∫ |F − G|. It belongs to a run too: a
//	              text's part is what it adds to |F − G|
//
// Novelty to distinct have the same words as repetition.
//
// [Likelihoods] lists what harness/likelihood computes with a causal language
// model, [BERTScores] what harness/bertscore does with an encoder, [Faithfulness] what
// harness/faithfulness does with a classifier; their docs have the formulas.
//
// # Significance
//
// [Mean] and [Compare] take scores by training seed and example, and there is
// one rule, [Comparison.Significant], for all that is printed or written.
//
// The seeds of a system are all tested on the same examples, and systems are
// compared on the same ones, so a score, or the difference of two, is a sum
//
//	d = μ + seed + example + rest
//
// of draws that are crossed. Of S seeds and n examples, let v be the variance
// of the means by seed, w that of the means by example and e that of the rest,
// with S − 1, n − 1 and (S − 1)·(n − 1) below. The variance of the mean has two
// parts, what the seeds and what the examples contribute:
//
//	SE² = a + b,  a = v/S,  b = max(0, w/n − e/(n·S))
//
// The interval is m ± c·SE, with c between Student's quantiles of the two
// (Cochran and Cox 1950, Experimental Designs),
//
//	c = (a·t(S − 1) + b·t(n − 1)) / (a + b)
//
// and p is the level at which it ends at 0. It is about other examples and
// other training seeds. README.md has what it finds, and how often it is wrong,
// in simulations. Where two systems have other numbers of seeds, the seeds of
// each are a part of their own.
//
// With one or two seeds there is no such test. The interval is then Student's
// over examples, of the scores averaged over seeds: for these two models, over
// examples. Nothing is called significant.
//
// What is averaged depends on the metric's [Scale]. Shares have the interval of
// Wilson (1927), with as many draws as independent ones would be as uncertain.
// Ratios have a median, with the interval of Woodruff (1952), and are compared
// by the mean of |ln ratio|, so that nearer to 1 is better on either side and a
// text of a thousand words does not decide; a ratio counts as at least 1/20,
// about half a word, and at most 20.
//
// [Correct] corrects the p values of a family (Holm 1979).
package metrics
