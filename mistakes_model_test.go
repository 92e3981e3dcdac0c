package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/safetensors"
	"lastmile/harness/tokenizer"
)

// trainRun plans a sweep of a model in the folder m.
const trainRun = "run sweep.toml --set model.path=m --dry-run"

// folder are the files of a model's folder.
type folder map[string]string

// at are the files as a case has them, in the folder m.
func (f folder) at(name string) map[string]string {
	all := map[string]string{}
	for file, content := range f {
		all[filepath.Join(name, file)] = content
	}
	return all
}

// but is the folder with a text in a file replaced by another.
func (f folder) but(t *testing.T, file, old, new string) folder {
	t.Helper()
	if !strings.Contains(f[file], old) {
		t.Fatalf("there is no %q in %s", old, file)
	}
	return with(f, file, strings.Replace(f[file], old, new, 1))
}

// goodModel is a small model in which nothing is wrong.
func goodModel(t *testing.T) folder {
	t.Helper()
	dir := t.TempDir()
	tok, err := tokenizer.Train(slices.Values([]string{"a text"}), 300, []string{tokenizer.EndOfText})
	if err != nil {
		t.Fatal(err)
	}
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	f := folder{}
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		f[name] = string(content)
	}
	f["config.json"] = fmt.Sprintf(`{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": %d, "hidden_size": 8, "intermediate_size": 16,
"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 64, "hidden_act": "silu",
"rms_norm_eps": 1e-06, "rope_theta": 10000, "tie_word_embeddings": true, "bos_token_id": 0, "eos_token_id": 0}
`, tok.VocabSize())
	f["model.safetensors"] = weights(t, goodTensors(tok.VocabSize()))
	return f
}

// goodTensors are the parameters of goodModel.
func goodTensors(vocabulary int) map[string]safetensors.Tensor {
	all := map[string]safetensors.Tensor{}
	for name, shape := range map[string][]int{
		"embed_tokens": {vocabulary, 8}, "norm": {8}, "layers.0.input_layernorm": {8},
		"layers.0.post_attention_layernorm": {8},
		"layers.0.self_attn.q_proj":         {8, 8}, "layers.0.self_attn.k_proj": {8, 8}, "layers.0.self_attn.v_proj": {8, 8},
		"layers.0.self_attn.o_proj": {8, 8},
		"layers.0.mlp.gate_proj":    {16, 8}, "layers.0.mlp.up_proj": {16, 8}, "layers.0.mlp.down_proj": {8, 16},
	} {
		n := 1
		for _, d := range shape {
			n *= d
		}
		all["model."+name+".weight"] = safetensors.Float32(make([]float32, n), shape...)
	}
	return all
}

// weights are tensors as a file.
func weights(t *testing.T, tensors map[string]safetensors.Tensor) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := safetensors.Write(path, tensors); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// header is a safetensors file with a header and so many bytes behind it.
func header(text string, bytes int) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(text)))) + text + strings.Repeat("\x00", bytes)
}

// modelMistakes are those in folders of models.
func modelMistakes(t *testing.T, good folder) chapter {
	t.Helper()
	const vocabulary = 257
	const projection = "model.layers.0.mlp.up_proj.weight"
	of := func(given string, files folder) mistake {
		return mistake{given: given, args: trainRun, files: files.at("m")}
	}
	config := func(given, old, new string) mistake {
		return of(given, good.but(t, "config.json", old, new))
	}
	// tensors is the good model with other tensors.
	tensors := func(given string, change func(all map[string]safetensors.Tensor)) mistake {
		all := goodTensors(vocabulary)
		change(all)
		return of(given, with(good, "model.safetensors", weights(t, all)))
	}
	// raw is the good model with other bytes in the place of its parameters.
	raw := func(given, content string) mistake { return of(given, with(good, "model.safetensors", content)) }
	index := func(given, text string) mistake {
		return of(given, with(without(good, "model.safetensors"), "model.safetensors.index.json", text, "one.safetensors",
			good["model.safetensors"]))
	}
	made := func(given string, make func(dir string) error) mistake {
		m := of(given, good)
		m.make = make
		return m
	}
	return chapter{title: "Models", text: "The folder `m` is `model.path`.", mistakes: []mistake{
		{given: "no folder", args: trainRun},
		{given: "a file in place of the folder", args: trainRun, files: map[string]string{"m": "no model"}},
		{given: "an empty folder", args: trainRun, make: folders("m")},
		of("no `config.json`", without(good, "config.json")),
		of("`config.json` without an end", with(good, "config.json", `{"vocab_size": 8`)),
		of("a list in `config.json`", with(good, "config.json", `[]`)),
		of("a pointer of Git LFS as `config.json`", with(good, "config.json", pointer)),
		made("a link to `/dev/zero` as `config.json`", links("m/config.json", "/dev/zero")),
		made("a pipe as `config.json`", pipes("m/config.json")),
		config("another architecture", "LlamaForCausalLM", "BloomForCausalLM"),
		config("code of the model's own", `"model_type"`,
			`"auto_map": {"AutoModelForCausalLM": "modeling.Model"}, "architectures": ["MyForCausalLM"], "model_type"`),
		config("a text for a number", `"hidden_size": 8`, `"hidden_size": "8"`),
		config("a fraction for a number", `"hidden_size": 8`, `"hidden_size": 8.5`),
		config("a negative size", `"hidden_size": 8`, `"hidden_size": -8`),
		config("a size beyond 64 bits", `"hidden_size": 8`, `"hidden_size": 99999999999999999999`),
		config("sizes whose product overflows", `"hidden_size": 8`, `"hidden_size": 4611686018427387904`),
		config("a hundred million layers", `"num_hidden_layers": 1`, `"num_hidden_layers": 100000000`),
		config("no layer", `"num_hidden_layers": 1`, `"num_hidden_layers": 0`),
		config("4,096 layers of which the file has one", `"num_hidden_layers": 1`, `"num_hidden_layers": 4096`),
		config("heads that do not divide", `"num_attention_heads": 2`, `"num_attention_heads": 3`),
		config("an unknown activation", `"silu"`, `"swish2"`),
		config("unknown scaling of positions", `"rope_theta": 10000`,
			`"rope_theta": 10000, "rope_scaling": {"rope_type": "longrope", "factor": 2}`),
		config("too few positions for the task", `"max_position_embeddings": 64`, `"max_position_embeddings": 16`),
		config("other sizes than the file's", `"intermediate_size": 16`, `"intermediate_size": 32`),
		config("more tokens than the file has", fmt.Sprintf(`"vocab_size": %d`, vocabulary), `"vocab_size": 1000000000`),
		of("no parameters", without(good, "model.safetensors")),
		of("parameters that are a program", with(without(good, "model.safetensors"), "pytorch_model.bin", "\x80\x02}q\x00.")),
		raw("a pointer of Git LFS as the parameters", pointer),
		raw("no byte of parameters", ""),
		raw("7 bytes of parameters", "1234567"),
		raw("parameters whose end is missing", good["model.safetensors"][:len(good["model.safetensors"])-100]),
		raw("bytes behind the parameters", good["model.safetensors"]+strings.Repeat("\x00", 100)),
		raw("parameters that are a zip file", "PK\x03\x04"+strings.Repeat("\x00", 100)),
		raw("a header of 2⁶³ bytes", string(binary.LittleEndian.AppendUint64(nil, math.MaxInt64))+"{}"),
		raw("a header of 99 MB in a file of 100 bytes", string(binary.LittleEndian.AppendUint64(nil, 99_000_000))+
			strings.Repeat(" ", 92)),
		raw("a header that is not JSON", header("{]", 8)),
		raw("a header of lists 100,000 deep", header(strings.Repeat("[", 100_000), 8)),
		raw("a tensor without a place", header(`{"a": {"dtype": "F32", "shape": [2]}}`, 8)),
		raw("a tensor with a negative size", header(`{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}`, 8)),
		raw("a tensor with a size that overflows",
			header(`{"a": {"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 8]}}`, 8)),
		raw("a tensor behind the end",
			header(`{"a": {"dtype": "F32", "shape": [2], "data_offsets": [1000000000000, 1000000000008]}}`, 8)),
		raw("tensors that overlap",
			header(`{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}`, 12)),
		raw("a tensor of an unknown type", header(`{"a": {"dtype": "F4", "shape": [2], "data_offsets": [0, 8]}}`, 8)),
		raw("a tensor whose shape is a text", header(`{"a": {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]}}`, 8)),
		tensors("a tensor that is missing", func(all map[string]safetensors.Tensor) { delete(all, projection) }),
		tensors("a tensor of another shape", func(all map[string]safetensors.Tensor) {
			all[projection] = safetensors.Float32(make([]float32, 16*8), 8, 16)
		}),
		tensors("a tensor of int8", func(all map[string]safetensors.Tensor) {
			all[projection] = safetensors.Tensor{DType: "I8", Shape: []int{16, 8}, Data: make([]byte, 16*8)}
		}),
		tensors("a tensor of f8", func(all map[string]safetensors.Tensor) {
			all[projection] = safetensors.Tensor{DType: "F8_E4M3", Shape: []int{16, 8}, Data: make([]byte, 16*8)}
		}),
		tensors("weights quantised by GPTQ", func(all map[string]safetensors.Tensor) {
			all["model.layers.0.mlp.up_proj.qweight"] = safetensors.Tensor{DType: "I32", Shape: []int{2, 8}, Data: make([]byte,
				64)}
		}),
		index("an index that is cut", `{"weight_map": {`),
		index("an index without a file", `{"weight_map": {}}`),
		index("an index of another form", `{"weight_map": ["one.safetensors"]}`),
		index("an index that names a file that is missing", `{"weight_map": {"model.norm.weight": "two.safetensors"}}`),
		index("an index that names a file elsewhere", `{"weight_map": {"model.norm.weight": "../../x.safetensors"}}`),
		index("an index that names a file by its whole path", `{"weight_map": {"model.norm.weight": "/etc/passwd"}}`),
		index("an index that names a tensor that is not there",
			`{"weight_map": {"model.nothing.weight": "one.safetensors"}}`),
		index("an index that leaves a tensor out", `{"weight_map": {"model.norm.weight": "one.safetensors"}}`),
		made("a link to `/dev/zero` as the parameters", links("m/model.safetensors", "/dev/zero")),
		made("a pipe as the parameters", pipes("m/model.safetensors")),
		made("a link to nowhere as the parameters", links("m/model.safetensors", "nowhere")),
		made("a folder as the parameters", func(dir string) error {
			if err := os.Remove(filepath.Join(dir, "m/model.safetensors")); err != nil {
				return err
			}
			return os.Mkdir(filepath.Join(dir, "m/model.safetensors"), 0o777)
		}),
		{given: "adapters of what the model has not",
			args:  "run sweep.toml --set model.path=m --set lora.r=4 --set lora.target_modules=[\"c_attn\"] --dry-run",
			files: good.at("m")},
		{given: "more tokens in the tokenizer than in the model", args: trainRun, files: with(good.but(t, "config.json",
			fmt.Sprintf(`"vocab_size": %d`, vocabulary), `"vocab_size": 200`),
			"model.safetensors", weights(t, goodTensors(200))).at("m")},
	}}
}

// tokenizerMistakes are those in the tokenizer of a model's folder.
func tokenizerMistakes(t *testing.T, good folder) chapter {
	of := func(given string, files folder) mistake {
		return mistake{given: given, args: trainRun, files: files.at("m")}
	}
	part := func(given, text string) mistake { return of(given, with(good, "tokenizer.json", text)) }
	// change is the good tokenizer with a part replaced.
	change := func(given, old, new string) mistake { return of(given, good.but(t, "tokenizer.json", old, new)) }
	// split has a pre-tokenizer in the place of the good one.
	const normalizer, byteLevel = `"normalizer":null`,
		`"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits"`
	split := func(given, section string) mistake {
		return change(given, byteLevel, `"pre_tokenizer":{"type":"Sequence","pretokenizers":[`+section+`,{"type":"Digits"`)
	}
	return chapter{title: "Tokenizers", text: "They lie in the folder `m`, which is `model.path`.", mistakes: []mistake{
		of("no `tokenizer.json`", without(good, "tokenizer.json")),
		of("an older folder's `vocab.json` and `merges.txt` alone", with(without(good, "tokenizer.json"), "vocab.json", "{}",
			"merges.txt", "")),
		part("no byte", ""),
		part("a `tokenizer.json` whose end is missing", good["tokenizer.json"][:len(good["tokenizer.json"])/2]),
		part("a pointer of Git LFS", pointer),
		part("a list in place of an object", "[]"),
		part("lists 100,000 deep", strings.Repeat("[", 100_000)),
		part("no model", `{"version": "1.0"}`),
		change("a model of an unknown type", `"type":"BPE"`, `"type":"WordLevel"`),
		part("a vocabulary that is a list", `{"model": {"type": "BPE", "vocab": ["a"], "merges": []}}`),
		change("a vocabulary with a text for an id", `"!":1`, `"!":"1"`),
		change("a negative id", `"!":1`, `"!":-1`),
		change("an id of two billion", `"!":1`, `"!":2000000000`),
		change("two tokens of one id", `"!":1`, `"!":2`),
		change("a merge of three tokens", `"merges":[]`, `"merges":["a a a"]`),
		change("a merge of tokens that there are not", `"merges":[]`, `"merges":["aa bb"]`),
		change("a merge to a token that there is not", `"merges":[]`, `"merges":["a b"]`),
		split("an unknown pre-tokenizer", `{"type": "Whitespaces"}`),
		split("a pattern that cannot be compiled",
			`{"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated", "invert": false}`),
		split("a pattern that takes for ever to match",
			`{"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": false}`),
		change("an unknown normalizer", normalizer, `"normalizer":{"type":"Lower"}`),
		change("a normalizer that is a number", normalizer, `"normalizer":3`),
		of("an end token that is not in the vocabulary", with(good, "tokenizer_config.json", `{"eos_token": "</s>"}`)),
		of("an end token that is a number", with(good, "tokenizer_config.json", `{"eos_token": 3}`)),
		of("no end token at all", folder{"config.json": strings.Replace(good["config.json"], `, "eos_token_id": 0`, "", 1),
			"model.safetensors": good["model.safetensors"],
			"tokenizer.json": strings.NewReplacer("<|endoftext|>", "<|x|>", `\u003c|endoftext|\u003e`,
				"<|x|>").Replace(good["tokenizer.json"])}),
		of("an id of the end that is not in the vocabulary", with(good, "generation_config.json",
			`{"eos_token_id": [0, 5000]}`)),
		of("an id of the end that is a text", with(good, "generation_config.json", `{"eos_token_id": "end"}`)),
		of("a `tokenizer_config.json` that is cut", with(good, "tokenizer_config.json", `{"eos_token": `)),
		{given: "a link to `/dev/zero` as `tokenizer.json`", args: trainRun, files: good.at("m"),
			make: links("m/tokenizer.json", "/dev/zero")},
		{given: "a pipe as `tokenizer.json`", args: trainRun, files: good.at("m"), make: pipes("m/tokenizer.json")},
		{given: "a link to `/dev/zero` as `tokenizer_config.json`", args: trainRun, files: good.at("m"),
			make: links("m/tokenizer_config.json", "/dev/zero")},
	}}
}

// chatMistakes are those in chat templates.
func chatMistakes(good folder) chapter {
	const chatRun = "run sweep.toml --set model.path=m --set task.chat=true --dry-run"
	template := func(given, text string) mistake {
		return mistake{given: given, args: chatRun, files: with(good, "chat_template.jinja", text).at("m")}
	}
	return chapter{title: "Chat templates",
		text: "`task.chat` is true, and the template is the model's `chat_template.jinja`.", mistakes: []mistake{
			{given: "no template", args: chatRun, files: good.at("m")},
			template("a block without its end", "{% for m in messages %}{{ m.content }}"),
			template("an end without its block", "a\n{% endfor %}"),
			template("an expression without its end", "{{ messages[0"),
			template("an unknown tag", "{% import 'os' %}"),
			template("an unknown filter", "{{ messages | attr2 }}"),
			template("an unknown function", "{{ open('/etc/passwd') }}"),
			template("a way to Python's classes", "{{ ''.__class__.__mro__[1].__subclasses__() }}"),
			template("another file", "{% include '/etc/passwd' %}"),
			template("`raise_exception`", "{{ raise_exception('Only user and assistant roles are supported!') }}"),
			template("a value that there is not", "{{ messages[0].content.role.name }}"),
			template("a range of 10¹²", "{% for i in range(1000000000000) %}{% endfor %}"),
			template("loops within loops", strings.Repeat("{% for i in range(100000) %}", 10)+strings.Repeat("{% endfor %}", 10)),
			template("a text times 10¹⁰", "{{ 'x' * 10000000000 }}"),
			template("a text that doubles for ever",
				"{% set ns = namespace(x='x') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"),
			template("a macro that calls itself", "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}"),
			template("brackets 100,000 deep", "{{ "+strings.Repeat("(", 100_000)+"1"+strings.Repeat(")", 100_000)+" }}"),
			template("a division by zero", "{{ 1 // 0 }}"),
			template("a template of 2 MB", strings.Repeat("x", 2<<20)),
			template("today's date, which changes", "{{ strftime_now('%Y-%m-%d') }}{{ messages[0].content }}"),
			template("a template that leaves out what is said", "Hello."),
			{given: "a template that is a number", args: chatRun, files: with(good, "tokenizer_config.json",
				`{"chat_template": 3}`).at("m")},
			{given: "templates without the one called default", args: chatRun, files: with(good, "tokenizer_config.json",
				`{"chat_template": [{"name": "tool_use", "template": "x"}]}`).at("m")},
			{given: "a link to `/dev/zero` as the template", args: chatRun, files: good.at("m"),
				make: links("m/chat_template.jinja", "/dev/zero")},
		}}
}
