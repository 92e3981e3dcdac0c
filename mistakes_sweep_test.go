package main

import (
	"fmt"
	"strings"
)

// sweepMistakes are those in sweep files and in the options that change them.
func sweepMistakes() chapter {
	const valid = `algorithm = "none"` + "\n"
	sweep := func(given, text string) mistake {
		return mistake{given: given, files: map[string]string{"sweep.toml": text}}
	}
	set := func(options ...string) mistake {
		var args strings.Builder
		for _, o := range options {
			args.WriteString(" " + o)
		}
		return mistake{given: code(strings.TrimSpace(args.String())), args: "run sweep.toml" + args.String() + " --dry-run"}
	}
	return chapter{title: "Sweep files", mistakes: []mistake{
		{given: "a sweep file that is not there", args: "run nowhere.toml --dry-run"},
		{given: "a folder in place of the sweep file", make: func(dir string) error { return links("sweep.toml", ".")(dir) }},
		{given: "a link to `/dev/zero` in place of the sweep file", make: links("sweep.toml", "/dev/zero")},
		{given: "a pipe in place of the sweep file", make: pipes("sweep.toml")},
		{given: "a link to itself in place of the sweep file", make: links("sweep.toml", "sweep.toml")},
		sweep("a sweep file of 5 MB", strings.Repeat("# comment\n", 500_000)),
		sweep("bytes that are not UTF-8", valid+"name = \"\xff\"\n"),
		sweep("bytes of a binary file", "\x7fELF\x02\x01\x01\x00"),
		sweep("a sweep file in UTF-16", "\xff\xfea\x00=\x001\x00"),
		sweep("`seed = ` without a value", "seed = \n"),
		sweep("a string without its end", valid+"name = \"demo\n"),
		sweep("a table without its bracket", valid+"[rl\nclip = 0.2\n"),
		sweep("a key that is given twice", "seed = 1\nseed = 2\n"),
		sweep("a table that is given twice", "[rl]\nclip = 0.2\n[rl]\nupdates = 3\n"),
		sweep("lists 100,000 deep", valid+"grid.seed = "+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+"\n"),
		sweep("a misspelt key: `rl.updatez`", valid+"[rl]\nupdatez = 3\n"),
		sweep("a misspelt table: `[mlee]`", valid+"[mlee]\nepochs = 3\n"),
		sweep("a key in another table: `rl.learning_rat`", valid+"[rl]\nlearning_rat = 0.1\n"),
		sweep("a key of another tool: `per_device_train_batch_size`", valid+"per_device_train_batch_size = 8\n"),
		sweep("a string for a number", valid+"mle.learning_rate = \"1e-4\"\n"),
		sweep("a number for a string", "algorithm = 3\n"),
		sweep("a fraction for an integer", valid+"seed = 1.5\n"),
		sweep("a number for a table", valid+"rl = 3\n"),
		sweep("a date for an integer", valid+"seed = 2024-01-01\n"),
		sweep("an integer beyond 64 bits", valid+"seed = 99999999999999999999\n"),
		sweep("a negative seed", valid+"seed = -1\n"),
		sweep("`nan` for a learning rate", valid+"mle.learning_rate = nan\n"),
		sweep("a learning rate of 100", valid+"mle.learning_rate = 100\n"),
		sweep("a clip of 0", "algorithm = \"ppo\"\nrl.clip = 0\n"),
		sweep("a billion prompts of an update", "algorithm = \"ppo\"\nrl.prompts = 1_000_000_000\n"),
		sweep("an unknown algorithm", "algorithm = \"pppo\"\n"),
		sweep("an unknown metric", valid+"metrics.names = [\"rouge1\", \"rougeLsum1\"]\n"),
		sweep("an unknown reward", "algorithm = \"rloo\"\nreward.lenght.weight = 1\n"),
		sweep("an unknown kind of negatives", "algorithm = \"ppo\"\nnegatives.shufled.weight = 1\n"),
		sweep("a path in the sweep's name", valid+"name = \"../../x\"\n"),
		sweep("a template without `{input}`", valid+"task.prompt = \"Summarize:\"\n"),
		sweep("three mistakes in two sections",
			"algorithm = \"ppo\"\n[rl]\nclip = 2\nupdates = \"many\"\n[mle]\nepoch = 1\n"),
		sweep("more mistakes than anybody reads, cut here", strings.Repeat("[rl]\n", 1)+manyKeys(300)),
		sweep("a file that extends itself", "extends = \"sweep.toml\"\n"),
		{given: "two files that extend each other", files: map[string]string{"sweep.toml": "extends = \"other.toml\"\n",
			"other.toml": "extends = \"sweep.toml\"\n"}},
		sweep("`extends` of a file that is not there", "extends = \"nowhere.toml\"\n"),
		sweep("`extends` of a folder", "extends = \".\"\n"),
		sweep("`extends` of a device", "extends = \"/dev/zero\"\n"),
		{given: "a mistake in the file that is extended", files: map[string]string{"sweep.toml": "extends = \"other.toml\"\n",
			"other.toml": valid + "\nsead = 3\n"}},
		sweep("an empty axis", valid+"grid.seed = []\n"),
		sweep("an axis that is no list", valid+"grid.seed = 3\n"),
		sweep("an axis with a value twice", valid+"grid.seed = [1, 2, 1]\n"),
		sweep("an axis of a key that is not", valid+"grid.sed = [1, 2]\n"),
		sweep("axes of a million runs", valid+"grid.seed = ["+numbered(1000)+"]\ngrid.mle.batch_size = ["+numbered(1000)+
			"]\n"),
		sweep("two variants of one name", "[[variant]]\nname = \"a\"\n[[variant]]\nname = \"a\"\nseed = 2\n"),
		sweep("a variant without a name", "[[variant]]\nalgorithm = \"none\"\n"),
		sweep("two variants that are the same", "[[variant]]\nname = \"a\"\n[[variant]]\nname = \"b\"\n"),
		sweep("an exclusion of everything", valid+"[[exclude]]\nalgorithm = \"none\"\n"),
		sweep("an exclusion without a condition", valid+"[[exclude]]\n"),
		set("--set", "rl.updatez=3"),
		set("--set", "seed"),
		set("--set", "=3"),
		set("--set", "seed=three"),
		set("--set", "seed=[1"),
		set("--set", "mle.epochs=0"),
		set("--set", "grid.seed=[]"),
		set("--where", "variant"),
		set("--where", "variant=nothing"),
		set("--where", "sead=1"),
		set("--where", "seed=7"),
		set("--jobs", "-1"),
		set("--threads", "100000000"),
		set("--set", "mle.bf16=true", "--set", "runtime.device=tpu"),
		{given: "settings that cannot go together",
			files: map[string]string{"sweep.toml": "algorithm = \"rloo\"\nreward = [{ name = \"consensus\" }]\nrl.samples = 1\n"}},
		{given: "a name from an earlier version: `rl.algorithm`",
			files: map[string]string{"sweep.toml": "rl.algorithm = \"none\"\n"}},
		{given: "a report's baseline that is no run", files: map[string]string{"sweep.toml": valid +
			"report.baseline = \"sft\"\n"}},
	}}
}

// manyKeys are lines with unknown keys.
func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "zzz%d = 1\n", i)
	}
	return b.String()
}

// numbered are the numbers from 1 on, with commas between them.
func numbered(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(i + 1)
	}
	return strings.Join(all, ", ")
}
