package reports

import (
	"regexp"
	"slices"
	"strings"

	"lastmile/metrics"
)

// headlineMetric is the metric of the opening sentences, where the table has
// it; otherwise it is the table's first.
const headlineMetric = "la-rougeL"

// learnedScorer is the metric that a sweep trains.
const learnedScorer = "bleurt"

var rougeName = regexp.MustCompile(`^(la-)?rouge(\d|L|Lsum)(-precision|-recall)?$`)

// title is how prose calls a metric.
func title(metric string) string {
	if parts := rougeName.FindStringSubmatch(metric); parts != nil {
		return parts[1] + "ROUGE-" + parts[2] + strings.ReplaceAll(parts[3], "-", " ")
	}
	switch metric {
	case learnedScorer:
		return "the learned scorer"
	case "ended":
		return "share ended"
	case "bleu":
		return "BLEU"
	case "chrf":
		return "chrF"
	case metrics.Likelihood:
		return "log-likelihood"
	case metrics.LikelihoodReference:
		return "log-likelihood given the reference"
	case metrics.LikelihoodRecall:
		return "log-likelihood of the reference"
	case metrics.LikelihoodSource:
		return "log-likelihood given the input"
	case metrics.LikelihoodSourceGain:
		return "log-likelihood that the input adds"
	case metrics.BERTScore:
		return "BERTScore"
	case metrics.BERTScorePrecision:
		return "BERTScore precision"
	case metrics.BERTScoreRecall:
		return "BERTScore recall"
	}
	return strings.ReplaceAll(metric, "_", " ")
}

// direction says which scores of a metric are better.
func (e *evidence) direction(metric string) metrics.Direction {
	if signature := e.externalSignature(metric); signature != "" {
		return metrics.ExternalDirection(signature)
	}
	return ownDirection(metric)
}

// ownDirection is that of a metric that no process of the user's computes.
func ownDirection(metric string) metrics.Direction {
	if metric == learnedScorer || slices.Contains(metrics.Pretrained(), metric) {
		return metrics.Higher
	}
	m, err := metrics.New(metric, metrics.DefaultOptions())
	if err != nil {
		return metrics.Neutral // a metric that this version does not know is neither
	}
	return m.Direction()
}

// arrow is the mark in a column's head that says where the better scores are.
func arrow(d metrics.Direction) string {
	switch d {
	case metrics.Higher:
		return " ↑"
	case metrics.Lower:
		return " ↓"
	case metrics.CloserToOne:
		return " →1"
	}
	return ""
}

// formName is how prose calls a form.
func formName(form string) string {
	if form == "post" {
		return "post-processed"
	}
	return "raw"
}
