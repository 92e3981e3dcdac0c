package experiments

import (
	"strings"
	"testing"
)

func TestEveryKeyHasARuleAndEveryRuleAKey(t *testing.T) {
	used := map[string]bool{}
	for _, key := range keysOf(documentType, "") {
		rule, ok := ruleOf(strings.ReplaceAll(key, "*", "name"))
		if !ok {
			t.Errorf("%s has no rule", key)
		}
		used[rule.key] = true
	}
	for _, rule := range rules {
		if !used[rule.key] {
			t.Errorf("the rule of %s is never used", rule.key)
		}
	}
}

func TestDefaultsPassTheirRules(t *testing.T) {
	c := Default()
	for _, key := range Keys(c) {
		value, ok := valueAt(c, key)
		rule, _ := ruleOf(key)
		if !ok || rule.broken == nil || rule.broken(value, nil) != "" {
			t.Errorf("default of %s: %v", key, value)
		}
	}
	var mistakes Errors
	checkRun(c, nil, Position{}, &mistakes)
	if len(mistakes) > 0 {
		t.Error(mistakes)
	}
}

func TestReference(t *testing.T) {
	fields, err := Reference()
	if err != nil {
		t.Fatal(err)
	}
	byKey := map[string]Field{}
	for _, field := range fields {
		byKey[field.Key] = field
		if field.Doc == "" {
			t.Errorf("%s has no documentation", field.Key)
		}
	}
	for _, want := range []Field{
		{"rl.kl.estimator", "string", `"k3"`, "one of k1, k2, k3", `estimator is "k1", "k2" or "k3" (Schulman 2020, "Approximating KL divergence").`},
		{"task.dev", "integer", "0", "at least 0", "train, dev and test are the most examples that are used of each split, drawn by seed 0 whatever the run's seed; 0 means all."},
		{"report.columns", "list of strings", "[]", "each a metric", "columns are the metrics in the main table; none means all that the runs score."},
		{"decode.NAME.top_p", "number", "1", "above 0, at most 1", "top_p keeps the likeliest tokens that together reach this probability."},
		{"metrics.stemming", "boolean", "true", "", "stemming applies Porter's stemmer in ROUGE."},
	} {
		if byKey[want.Key] != want {
			t.Errorf("got  %+v\nwant %+v", byKey[want.Key], want)
		}
	}
}
