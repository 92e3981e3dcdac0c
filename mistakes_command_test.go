package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
)

// sideMistakes are those in what a sweep file names besides its data and its model.
func sideMistakes(good folder) chapter {
	published := func(given, text string) mistake {
		return mistake{given: given, args: "run sweep.toml --set report.published=published.toml --dry-run",
			files: map[string]string{"published.toml": text}}
	}
	const value = "[[value]]\nsystem = \"mle\"\nform = \"raw\"\nmetric = \"rouge1\"\n"
	const ratingRun = "run sweep.toml --set scorer.ratings=ratings.jsonl --set metrics.names=[\"bleurt\"] --dry-run"
	ratings := func(given, text string) mistake {
		return mistake{given: given, args: ratingRun, files: map[string]string{"ratings.jsonl": text}}
	}
	const rating = `{"reference": "one", "candidate": "two", "rating": 0.5}` + "\n"
	encoder := func(given, option string, files map[string]string) mistake {
		return mistake{given: given, args: "run sweep.toml " + option + " --dry-run", files: files}
	}
	const bert = `{"model_type": "bert", "vocab_size": 30, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 64}`
	return chapter{title: "Published values, ratings and other models", mistakes: []mistake{
		{given: "a file of published values that is not there",
			args: "run sweep.toml --set report.published=nowhere.toml --dry-run"},
		published("a value without a source", value+"value = 0.3\n"),
		published("a value without a value", "source = \"a paper\"\n"+value),
		published("a value that is a text", "source = \"a paper\"\n"+value+"value = \"0.3\"\n"),
		published("a value of an unknown form", "source = \"a paper\"\n"+strings.Replace(value, "raw", "rough", 1)+
			"value = 0.3\n"),
		published("an unknown key", "source = \"a paper\"\n"+value+"value = 0.3\nsd = 0.1\n"),
		published("no TOML", "source = a paper\n"),
		{given: "a link to `/dev/zero`, as published values",
			args: "run sweep.toml --set report.published=published.toml --dry-run", make: links("published.toml", "/dev/zero")},
		{given: "a folder, as published values", args: "run sweep.toml --set report.published=published.toml --dry-run",
			make: folders("published.toml")},
		{given: "a file of ratings that is not there", args: ratingRun},
		ratings("a rating that is missing", rating+`{"reference": "one", "candidate": "three"}`+"\n"),
		ratings("a rating that is a text", rating+`{"reference": "one", "candidate": "three", "rating": "good"}`+"\n"),
		ratings("a rating without a candidate", rating+`{"reference": "one", "rating": 0.5}`+"\n"),
		ratings("no ratings", ""),
		encoder("a scorer's encoder that is not there", `--set scorer.path=nowhere --set metrics.names=["bleurt"]`, nil),
		encoder("a language model as a scorer's encoder", `--set scorer.path=m --set metrics.names=["bleurt"]`, good.at("m")),
		encoder("an encoder without parameters", `--set scorer.path=m --set metrics.names=["bleurt"]`,
			map[string]string{"m/config.json": bert, "m/vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n"}),
		encoder("an encoder without a vocabulary", `--set scorer.path=m --set metrics.names=["bleurt"]`,
			map[string]string{"m/config.json": bert, "m/model.safetensors": header("{}", 0)}),
		encoder("BERTScore without an encoder", `--set metrics.names=["bertscore"]`, nil),
		encoder("a language model as BERTScore's encoder", `--set metrics.names=["bertscore"] --set bertscore.model=m`,
			good.at("m")),
		encoder("a language model as the judge of faithfulness",
			`--set metrics.names=["faithfulness"] --set faithfulness.model=m`, good.at("m")),
		encoder("a model of likelihoods that is not there",
			`--set metrics.names=["likelihood"] --set likelihood.model=nowhere`, nil),
		{given: "a link to `/dev/zero` as an encoder's `config.json`",
			args: `run sweep.toml --set scorer.path=m --set metrics.names=["bleurt"] --dry-run`, make: links("m/config.json",
				"/dev/zero")},
		{given: "a link to `/dev/zero` as an encoder's vocabulary",
			args:  `run sweep.toml --set scorer.path=m --set metrics.names=["bleurt"] --dry-run`,
			files: map[string]string{"m/config.json": bert, "m/model.safetensors": header("{}", 0)}, make: links("m/vocab.txt",
				"/dev/zero")},
	}}
}

// textMistakes are those in the hypotheses and references of score and compare.
func textMistakes() chapter {
	score := func(given, name, content string, options ...string) mistake {
		return mistake{given: given, args: strings.Join(append([]string{"score --metric rouge1 --refs refs.txt --hyps", name},
			options...), " "), files: map[string]string{name: content}}
	}
	return chapter{title: "Texts to score", mistakes: []mistake{
		{given: "hypotheses that are not there", args: "score --refs refs.txt --hyps nowhere.txt"},
		{given: "references that are not there", args: "score --refs nowhere.txt --hyps hyps.txt"},
		{given: "a folder of hypotheses", args: "score --refs refs.txt --hyps folder", make: folders("folder")},
		{given: "a pipe of hypotheses", args: "score --refs refs.txt --hyps pipe.txt", make: pipes("pipe.txt")},
		{given: "hypotheses without end", args: "score --refs refs.txt --hyps zero.txt", make: links("zero.txt",
			"/dev/zero")},
		score("no hypotheses", "empty.txt", ""),
		score("fewer hypotheses than references", "one.txt", "the cat sat\n"),
		score("more hypotheses than references", "three.txt", "a\nb\nc\n"),
		score("bytes that are not UTF-8", "latin1.txt", "fine\nna\xefve\n"),
		score("a hypothesis without a text", "other.jsonl", `{"text": "a"}`+"\n"+`{"txet": "b"}`+"\n"),
		score("a hypothesis that is a number", "number.jsonl", `{"text": "a"}`+"\n"+`{"text": 3}`+"\n"),
		score("a broken line", "broken.jsonl", `{"text": "a"}`+"\n"+`{"text": `+"\n"),
		score("a hypothesis whose id is there twice", "twice.jsonl", `{"id": 1, "text": "a"}`+"\n"+`{"id": 1, "text": "b"}`+
			"\n"),
		{given: "ids that the references have not", args: "score --metric rouge1 --refs r.jsonl --hyps h.jsonl",
			files: map[string]string{"r.jsonl": `{"id": 1, "reference": "a"}` + "\n", "h.jsonl": `{"id": 2, "text": "a"}` +
				"\n"}},
		{given: "an unknown metric", args: "score --metric rougeX --refs refs.txt --hyps hyps.txt"},
		{given: "a metric that needs the input", args: "score --metric coverage --refs refs.txt --hyps hyps.txt"},
		{given: "a metric that needs a model", args: "score --metric bertscore --refs refs.txt --hyps hyps.txt"},
		{given: "a model that is not there",
			args: "score --metric bertscore --bertscore-model nowhere --refs refs.txt --hyps hyps.txt"},
		{given: "an unknown tokenizer", args: "score --tokenizer moses --refs refs.txt --hyps hyps.txt"},
		{given: "an unknown formula",
			args: "score --metric la-rouge1 --length-adjustment expo --refs refs.txt --hyps hyps.txt"},
		{given: "a place for the scores that there is not",
			args: "score --metric rouge1 --refs refs.txt --hyps hyps.txt --per-example nowhere/out.jsonl"},
		{given: "files without `--refs`", args: "score --hyps hyps.txt"},
		{given: "files without a flag", args: "score hyps.txt"},
		{given: "two hypotheses to compare of other lengths",
			args: "compare hyps.txt one.txt --refs refs.txt --metric rouge1", files: map[string]string{"one.txt": "the cat\n"}},
		{given: "a level that is none", args: "compare hyps.txt hyps.txt --refs refs.txt --metric rouge1 --level 2"},
	}}
}

// storeMistakes are those in a work folder and its store.
func storeMistakes() chapter {
	// A store that broke is nobody's mistake.
	damaged := func(given, content string) mistake {
		return mistake{given: given, args: "show mle", files: map[string]string{"work/lastmile.db": content}, code: 1}
	}
	return chapter{title: "Stores", text: "The store is `work/lastmile.db`.", mistakes: []mistake{
		{given: "no work folder", args: "show mle"},
		{given: "a work folder without a store", args: "show mle", make: folders("work")},
		{given: "a file in place of the work folder", args: "show mle", files: map[string]string{"work": "no folder"}},
		{given: "a file in place of the work folder of a run", args: planRun + " --work hyps.txt"},
		damaged("a text in place of the store", strings.Repeat("no store\n", 1000)),
		{given: "no byte in place of the store", args: "show mle", files: map[string]string{"work/lastmile.db": ""}},
		damaged("only the beginning of a store", "SQLite format 3\x00\x10\x00"),
		{given: "a folder in place of the store", args: "show mle", make: folders("work/lastmile.db")},
		{given: "a link to `/dev/zero` in place of the store", args: "show mle", make: links("work/lastmile.db",
			"/dev/zero")},
		{given: "a store of a newer version", args: "show mle", make: database("CREATE TABLE runs (id TEXT)",
			"PRAGMA user_version = 1000000")},
		{given: "a store of another program", args: "show mle", make: database("CREATE TABLE bookmarks (id TEXT)")},
		{given: "no results of a report", args: "report sweep.toml"},
		{given: "no run to generate with", args: "generate mle text"},
		{given: "no run to export", args: "export mle out"},
		{given: "no run whose logs could be shown", args: "logs mle"},
		{given: "no work folder to tidy up", args: "gc"},
		{given: "no work folder to verify", args: "verify --work nothing"},
	}}
}

// database makes a store by statements of SQL.
func database(statements ...string) func(dir string) error {
	return func(dir string) error {
		path := filepath.Join(dir, "work/lastmile.db")
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		db, err := sql.Open("sqlite3", path)
		if err != nil {
			return err
		}
		defer db.Close()
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				return err
			}
		}
		return nil
	}
}

// processMistakes are those in the commands of the user's that are rewards and metrics.
func processMistakes() chapter {
	metric := func(given, run string, options ...string) mistake {
		args := "run sweep.toml --set metrics.command.judge.run=" + run + ` --set metrics.names=["judge-score"]`
		return mistake{given: given, args: strings.Join(append([]string{args}, append(options, "--dry-run")...), " ")}
	}
	reward := func(given, run string, options ...string) mistake {
		args := "run sweep.toml --set algorithm=rloo --set reward.command.run=" + run
		return mistake{given: given, args: strings.Join(append([]string{args}, append(options, "--dry-run")...), " ")}
	}
	return chapter{title: "Rewards and metrics that are commands", text: "A plan looks for them and begins none.",
		mistakes: []mistake{
			metric("a metric's program that is not there", `["no-such-judge"]`),
			metric("a metric's program by its path that is not there", `["./judge"]`),
			metric("a metric's program that cannot be executed", `["./t.jsonl"]`),
			metric("a metric's program that is a folder", `["./"]`),
			metric("a metric without a program", `[]`),
			metric("a metric's script that is not there", `["sh","none.sh"]`),
			metric("a metric's program that is a text", `"sh"`),
			metric("a number that the metric has not", `["sh"]`, "--set", `metrics.names=["judge-scor"]`),
			metric("a time-out of nothing", `["sh"]`, "--set", "metrics.command.judge.timeout=0"),
			metric("a metric of a built-in one's name", `["sh"]`, "--set", `metrics.command.rouge1.run=["sh"]`),
			reward("a reward's program that is not there", `["no-such-judge"]`),
			reward("a reward's script that is not there", `["sh","none.sh"]`),
			reward("a reward without a program", `[]`),
			{given: "a quote without its end", args: `score --command sh" --refs refs.txt --hyps hyps.txt`},
			{given: "a program that is not there", args: `score --command no-such-judge --refs refs.txt --hyps hyps.txt`},
			{given: "a number that is not among `--numbers`",
				args: `score --command sh --lower length --refs refs.txt --hyps hyps.txt`},
		}}
}

// commandMistakes are those on the command line.
func commandMistakes() chapter {
	var all []mistake
	for _, args := range []string{
		"runn sweep.toml", "train sweep.toml", "run", "run sweep.toml sweep.toml", "run sweep.toml --dryrun",
		"run sweep.toml --jobs", "run sweep.toml --jobs two",
		"run sweep.toml --jobs=-3 --dry-run", "run sweep.toml --executor kubernetes --dry-run", "run t.jsonl --dry-run",
		"run . --dry-run",
		"-x", "help nothing", "show", "show a b c", "compare mle", "compare", "score",
		"score --refs refs.txt --hyps hyps.txt --json --csv",
		"score --alpha much --refs refs.txt --hyps hyps.txt", "status nowhere.toml", "status mle", "report nowhere.toml",
		"data", "data refs.txt", "data sweep.toml --set seed=x",
		"data t.jsonl --set seed=1", "data t.jsonl --model nowhere", "data t.jsonl --prompt-tokens 0",
		"negatives debian-descriptions --pairs 0", "negatives nothing",
		"generate", "export mle", "export-curves", "scorer train sweep.toml", "scorer train sweep.toml --out scorer",
		"scorer evaluate sweep.toml --scorer nowhere",
		"scorer trane", "cancel sweep.toml", "retry mle", "gc nowhere.toml", "verify --jobs 3", "completion tcsh",
	} {
		all = append(all, mistake{args: args})
	}
	return chapter{title: "The command line", mistakes: all}
}
