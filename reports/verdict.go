package reports

import (
	"lastmile/metrics"
	"lastmile/reports/document"
)

// measure is how prose calls what systems are compared by: "la-ROUGE-L", "mean
// |ln length ratio|".
func measure(metric string) string {
	if metrics.ScaleOf(metric) == metrics.Ratio {
		return "mean |ln " + title(metric) + "|"
	}
	return title(metric)
}

// comparative says which way a system differs from another by a metric of that direction:
// better or worse or, where neither is, higher or lower.
func comparative(of metrics.Direction, d *difference) string {
	switch better := of.Better(d.Difference); {
	case better > 0:
		return "better"
	case better < 0:
		return "worse"
	case d.Difference > 0:
		return "higher"
	}
	return "lower"
}

// scores says that a system's score by a metric of that direction is significantly another
// one, in words that follow its name.
func scores(of metrics.Direction, d *difference) string {
	switch of {
	case metrics.CloserToOne:
		if d.Difference < 0 {
			return "is closer to 1"
		}
		return "is farther from 1"
	case metrics.Neutral:
		return "is " + comparative(of, d)
	}
	way := "higher"
	if d.Difference < 0 {
		way = "lower"
	}
	return "is " + way + ", which is " + comparative(of, d)
}

// gap is the size of a difference with its interval, both positive where the
// difference is seen from its own side.
func gap(d *difference) document.Number {
	if d.Difference < 0 {
		return number(-d.Difference) + " " + interval(-d.High, -d.Low)
	}
	return number(d.Difference) + " " + interval(d.Low, d.High)
}

// above says on which side a difference is.
func above(d *difference) string {
	if d.Difference < 0 {
		return "below"
	}
	return "above"
}

// means are what both systems score.
func means(d *difference) document.Number {
	return number(d.MeanA) + " against " + number(d.MeanB)
}

// size is a difference's p value, where there is one, and on how much it rests.
func size(d *difference) document.Spans {
	on := document.Format("%s, %s", counted(d.Examples, "example"), counted(len(d.seeds), "seed"))
	if !d.Tested {
		return on
	}
	return document.Format("%s; %s", probability(d.Corrected), on)
}

// these says what the interval of a difference covers that is not tested.
const these = "for these two models, over examples"

// untested is added where a difference is told that is not tested.
const untested = "With fewer than three seeds nothing is called significant."
