package reports

import (
	"math"
	"testing"

	"lastmile/reports/document"
)

func TestNumbers(t *testing.T) {
	for got, want := range map[document.Number]string{
		number(0.0374): "0.037", number(-0.0374): "−0.037", number(-0.0001): "0.000", number(12.5): "12.500", number(123.45): "123.5", number(math.NaN()): "–",
		signed(0.01): "+0.010", signed(-0.01): "−0.010", signed(0.0001): "0.000",
		interval(-0.01, 0.2): "[−0.010, 0.200]",
		probability(0.0009):  "p < 0.001",
		probability(0.049):   "p = 0.049",
		probability(0.412):   "p = 0.41",
		probability(1):       "p > 0.99",
	} {
		if string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for got, want := range map[string]string{
		duration(3):            "3.0 s",
		duration(95):           "95 s",
		duration(600):          "10 min",
		duration(9000):         "2.5 h",
		counted(1, "seed"):     "1 seed",
		counted(1200, "seed"):  "1,200 seeds",
		title("la-rougeLsum"):  "la-ROUGE-Lsum",
		title("rouge2-recall"): "ROUGE-2 recall",
		title("length_ratio"):  "length ratio",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
