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
// texts and one score is made of them. Its interval is a percentile bootstrap
// over texts ([PoolEstimate]); two systems are compared by a paired one, and
// by approximate randomisation, which draws for each text which system wrote
// which output ([PoolCompare]).
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
//
// These, from novelty on, have the same words as repetition.
//
// # Significance
//
// [Mean] and [Compare] take scores by training seed and example. Systems are
// compared on the same examples, so everything is about the differences by
// example.
//
// With one seed, the interval is the BCa interval (Efron 1987) of a bootstrap
// over examples. Let m* be the means of the resamples, m the mean of the n
// scores x, Φ the normal distribution and z = Φ⁻¹((1 + confidence)/2):
//
//	z0 = Φ⁻¹(share of m* below m, ties counted half)
//	a  = sum (x − m)³ / (6 · (sum (x − m)²)^1.5)
//	low, high = quantiles of m* at Φ(z0 + (z0 ∓ z) / (1 − a·(z0 ∓ z)))
//
// With several seeds, it is a percentile interval of a hierarchical bootstrap.
// All seeds are tested on the same examples, so a seed's examples are no
// sample of its own: drawing them anew for each seed would count an example
// that is hard for every seed as several independent ones, and the interval
// would be too narrow. So a resample draws examples once, for the scores
// averaged over seeds, and seeds once, for the scores averaged over examples,
// and adds the two deviations to the mean:
//
//	m* = m + (mean of drawn examples − m) + c·(mean of drawn seeds − m)
//
// c corrects what a draw of few seeds gets wrong. A seed's mean also moves
// with the noise of its examples, which the first term has counted: with v the
// variance of the seeds' means and e the residual variance of the scores given
// example and seed, only max(0, v − e/n) belongs to the seeds. And S seeds
// drawn from themselves have a variance that is (S − 1)/S of what it should
// be, and quantiles of a normal distribution where Student's t with S − 1
// degrees of freedom is due:
//
//	c² = max(0, v − e/n)/v · S/(S − 1) · (t/z)²
//
// With two seeds the factor t/z would be 6.5, and two runs can hardly show
// anything about a third. There it is left out, and the interval covers less:
// other examples, and the difference between the two seeds seen, but not
// reliably the next seed. Where the variance between seeds outweighs that
// between examples, it covers the true mean in about 60 % of cases instead of
// 95 %; a warning says so.
//
// p is that of approximate randomisation (Noreen 1989): the share of random
// sign flips of the differences by example, averaged over seeds, whose mean is
// at least as far from 0, as (count + 1)/(resamples + 1). It asks whether
// these trained systems differ on other examples, not whether other seeds
// would. [Holm] corrects the p values of a table.
//
// Everything is deterministic given [Resampling.Seed], whatever the number of
// cores. Two systems with as many examples are resampled by the same draws.
package metrics
