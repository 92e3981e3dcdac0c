// Package reports turns a sweep in the store into a folder that can be read,
// cited and kept: a README.md, plots, and the main table as CSV and JSON.
//
// The unit of a report is a system: the runs of one label, decoded in one way,
// before ("raw") or after ("post") post-processing. Its training seeds are
// repetitions. One label is the baseline; each other system is compared with
// the baseline's of the same decoding and form, on the same examples and
// seeds. Labels whose algorithm optimises rewards or preferences are treatments, and
// the others are controls, which say how much of a treatment's gain could be had without
// it: the baseline by a better search or post-processed, the MLE policy at the same
// entropy, and labels that are trained on with maximum likelihood, imitate their own best
// samples, maximise no more than shaping, trivial scorers or a reward without a signal, or
// follow a rule. An oracle, which chooses among samples by the references, is a ceiling and no control.
// One comparison is the primary one, of a treatment with the best of these or with
// one that the sweep names: it is said first, and the gain that it is about is split
// into the parts that controls have. All others are one family.
//
// What was optimised is no evidence alone: metrics that a label's rewards contain, or
// are near to, are marked. Where the reward rose while a metric of dev fell, the report
// says so.
//
// Systems are compared on the same examples, so a sweep with several data sets gets a
// report for each and a page above them.
//
// Every sentence is made from the numbers, and a difference that is not
// significant is said as plainly as one that is. The statistics are those of
// the package metrics. The same store gives the same bytes.
//
// The way of the data: gather asks the store for the evidence; the builder
// finds out which label plays which part and computes the main table and the
// comparisons; its sections become a tree of the package document, which a
// writer there turns into Markdown.
package reports
