package encoder

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lastmile/harness/torch"
)

// families of testdata, each a folder that make.py made.
var folders = []string{"bert", "roberta", "deberta"}

type golden struct {
	Texts []struct {
		Text   string
		IDs    []int
		Layers map[string][2][]float64
	}
	Pairs []struct {
		First, Second string
		IDs           []int
		Logits        []float64
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func session(t *testing.T, options torch.Options) *torch.Session {
	t.Helper()
	options.Device, options.Threads = os.Getenv("LASTMILE_DEVICE"), 1
	s, err := torch.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// open loads a folder of testdata with its head, or so many layers of it without.
func open(t *testing.T, s *torch.Session, name string, layers int) (*Encoder, Reader, golden) {
	t.Helper()
	dir := filepath.Join("testdata", name)
	c, err := ReadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	head := layers == 0
	if !head {
		c.NumHiddenLayers = layers
	}
	if err := CheckFolder(dir, c, head, Needed); err != nil {
		t.Fatal(err)
	}
	e, err := Load(s, dir, c, head, Stored)
	if err != nil {
		t.Fatal(err)
	}
	v, err := ReadVocabulary(dir, c)
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	readJSON(t, filepath.Join(dir, "golden.json"), &g)
	if len(g.Texts) < 5 || len(g.Pairs) < 5 {
		t.Fatalf("%d texts and %d pairs", len(g.Texts), len(g.Pairs))
	}
	return e, NewReader(v, c), g
}

// values computes without gradients.
func values(t *testing.T, s *torch.Session, f func() *torch.Tensor) (of []float64) {
	t.Helper()
	err := s.NoGrad(func() (err error) {
		of, err = f().Value64s()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return of
}

// TestLayersEqualTransformers compares ids and hidden states of texts, all in one batch.
func TestLayersEqualTransformers(t *testing.T) {
	for _, name := range folders {
		for _, layers := range []int{2, 3} {
			s := session(t, torch.Options{})
			e, r, g := open(t, s, name, layers)
			var rows []Row
			for _, text := range g.Texts {
				row := r.Row(r.Encode(text.Text))
				if !slices.Equal(row.Tokens, text.IDs) {
					t.Fatalf("%s: %q has the tokens %v, transformers says %v", name, text.Text, row.Tokens, text.IDs)
				}
				rows = append(rows, row)
			}
			b := r.Batch(rows)
			hidden, size := values(t, s, func() *torch.Tensor { return e.Hidden(b) }), e.Config.HiddenSize
			for i, text := range g.Texts {
				want := text.Layers[strconv.Itoa(layers)]
				for k, at := range []int{0, len(text.IDs) - 1} {
					from := (i*b.Length + at) * size
					near(t, name+" "+text.Text, hidden[from:from+size], want[k], 1e-4)
				}
			}
			s.Close()
		}
	}
}

func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%s: %d values, expected %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > tolerance {
			t.Errorf("%s: value %d is %g, expected %g", what, i, got[i], want[i])
			return
		}
	}
}

// TestLogitsEqualTransformers compares ids and logits of pairs, each alone and all
// together.
func TestLogitsEqualTransformers(t *testing.T) {
	for _, name := range folders {
		s := session(t, torch.Options{})
		e, r, g := open(t, s, name, 0)
		r.Limit = 30
		var rows []Row
		for _, pair := range g.Pairs {
			row := r.Pair(r.Encode(pair.First), r.Encode(pair.Second))
			if !slices.Equal(row.Tokens, pair.IDs) {
				t.Fatalf("%s: %q, %q has the tokens %v, transformers says %v", name, pair.First, pair.Second, row.Tokens, pair.IDs)
			}
			rows = append(rows, row)
		}
		together := values(t, s, func() *torch.Tensor { return e.Outputs(r.Batch(rows)) })
		for i, pair := range g.Pairs {
			alone := values(t, s, func() *torch.Tensor { return e.Outputs(r.Batch(rows[i : i+1])) })
			near(t, name+" alone", alone, pair.Logits, 1e-4)
			near(t, name+" together", together[3*i:3*i+3], alone, 1e-5)
		}
		s.Close()
	}
}

func TestBucketsEqualTransformers(t *testing.T) {
	var want struct {
		First   int
		Buckets []int
	}
	readJSON(t, "testdata/buckets.json", &want)
	if len(want.Buckets) < 1000 {
		t.Fatalf("%d buckets", len(want.Buckets))
	}
	for i, b := range want.Buckets {
		if got := bucket(want.First+i, 256, 512); got != b {
			t.Errorf("the distance %d is in bucket %d, transformers says %d", want.First+i, got, b)
		}
	}
}

// TestGradients compares gradients of DeBERTa's parameters with finite differences, also
// those that only relative positions have.
func TestGradients(t *testing.T) {
	s := session(t, torch.Options{DType: torch.Float64})
	e, r, g := open(t, s, "deberta", 0)
	rows := []Row{r.Row(g.Texts[1].IDs[:9]), r.Row(g.Texts[2].IDs[:4])}
	loss := func() *torch.Tensor { return e.Outputs(r.Batch(rows)).Square().Sum() }
	e.Train()
	if err := s.Scope(func() error {
		loss().Backward()
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, p := range e.Parameters() {
		if !strings.Contains(p.Name, "rel_embeddings") && !strings.Contains(p.Name, "query_proj.weight") && !strings.Contains(p.Name, "encoder.LayerNorm") {
			continue
		}
		gradients, err := p.Tensor.Grad().Value64s()
		if err != nil {
			t.Fatal(err)
		}
		at, err := p.Tensor.Value64s()
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(at); i += 1 + len(at)/12 {
			move := func(v float64) float64 {
				s.NoGrad(func() error {
					p.Tensor.Reshape(-1).Narrow(0, i, 1).CopyInPlace(s.Float64s([]float64{v}, 1))
					return nil
				})
				return values(t, s, loss)[0]
			}
			const step = 1e-5
			want := (move(at[i]+step) - move(at[i]-step)) / (2 * step)
			move(at[i])
			if math.Abs(want-gradients[i]) > 1e-5*(1+math.Abs(want)) {
				t.Errorf("%s[%d]: gradient %g, finite differences give %g", p.Name, i, gradients[i], want)
			}
			checked++
		}
	}
	if checked < 30 {
		t.Errorf("only %d gradients", checked)
	}
}

func TestFoldersThatAreRefused(t *testing.T) {
	for want, c := range map[string]struct {
		name    string
		replace [2]string
	}{
		`model_type is "albert"; expected one of bert, bleurt, deberta-v2, roberta`: {"bert", [2]string{`"model_type": "bert"`, `"model_type": "albert"`}},
		"relative_attention is false":                                                                                   {"deberta", [2]string{`"relative_attention": true`, `"relative_attention": false`}},
		"conv_kernel_size 3 is not supported":                                                                           {"deberta", [2]string{`"legacy": true`, `"conv_kernel_size": 3`}},
		`pos_att_type "p2p" is not supported`:                                                                           {"deberta", [2]string{`"p2c",`, `"p2p",`}},
		"max_position_embeddings is 3; expected at least 6":                                                             {"roberta", [2]string{`"max_position_embeddings": 34`, `"max_position_embeddings": 3`}},
		"tensor \"bert.encoder.layer.3.attention.self.query.weight\" is missing":                                        {"bert", [2]string{`"num_hidden_layers": 3`, `"num_hidden_layers": 4`}},
		"has shape [32 24], but config.json makes it [33 24]":                                                           {"deberta", [2]string{`"intermediate_size": 32`, `"intermediate_size": 33`}},
		`tensor "deberta.encoder.rel_embeddings.weight" has shape [16 24], but config.json makes it [12 24]`:            {"deberta", [2]string{`"position_buckets": 8`, `"position_buckets": 6`}},
		`tensor "deberta.embeddings.position_embeddings.weight" is missing`:                                             {"deberta", [2]string{`"position_biased_input": false`, `"position_biased_input": true`}},
		`tensor "deberta.encoder.layer.0.attention.self.pos_key_proj.weight" is missing`:                                {"deberta", [2]string{`"share_att_key": true`, `"share_att_key": false`}},
		"config.json has 300 tokens, but the tokenizer beside it 340":                                                   {"roberta", [2]string{`"vocab_size": 340`, `"vocab_size": 300`}},
		"pad_token_id is -3, from which positions count":                                                                {"roberta", [2]string{`"pad_token_id": 1`, `"pad_token_id": -3`}},
		"has the special token 999":                                                                                     {"roberta", [2]string{"\"<s>\",\n      0", "\"<s>\",\n      999"}},
		"is 2; expected at least 3":                                                                                     {"bert", [2]string{`"model_max_length": 32`, `"model_max_length": 2`}},
		`post_processor "ByteLevel" is not supported; expected RobertaProcessing, BertProcessing or TemplateProcessing`: {"roberta", [2]string{`"RobertaProcessing"`, `"ByteLevel"`}},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", c.name))); err != nil {
			t.Fatal(err)
		}
		changed := false
		for _, name := range []string{"config.json", "tokenizer.json", "tokenizer_config.json"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if after := strings.Replace(string(text), c.replace[0], c.replace[1], 1); after != string(text) {
				changed = true
				if err := os.WriteFile(filepath.Join(dir, name), []byte(after), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !changed {
			t.Errorf("%s has no %s", c.name, c.replace[0])
		}
		config, err := ReadConfig(dir)
		if err == nil {
			_, err = ReadVocabulary(dir, config)
		}
		if err == nil {
			err = CheckFolder(dir, config, true, Needed)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected an error that says %q", err, want)
		}
	}
}
