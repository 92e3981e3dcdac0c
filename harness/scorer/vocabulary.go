package scorer

import (
	"fmt"

	"lastmile/harness/tokenizer"
)

// vocabulary is what a scorer reads texts with: BERT's WordPiece, a unigram
// vocabulary of SentencePiece, or the byte-level BPE of a language model.
type vocabulary struct {
	encode func(text string) []int
	// start opens a row, separator ends each text, fill fills a batch up.
	start, separator, fill int
	size                   int
	// toLonger says how texts that are too long are cut; see shorten.
	toLonger bool
	// word is the word that a token is on its own, "" where it is none; nil
	// where tokens are not parts of words.
	word func(id int) string
	save func(dir string) error
}

// byteLevel reads with the vocabulary of a language model. It has no tokens of
// BERT's, so the end token stands for all of them. A space in front gives a
// word the same tokens wherever it stands.
func byteLevel(t *tokenizer.Tokenizer) vocabulary {
	return vocabulary{
		encode: func(text string) []int { return t.Encode(" " + text) },
		start:  t.EOS(), separator: t.EOS(), fill: t.EOS(),
		size: t.VocabSize(),
		save: t.Save,
	}
}

// pieces reads with the vocabulary of an encoder.
func pieces(p *tokenizer.Pieces) vocabulary {
	return vocabulary{
		encode: p.Encode,
		start:  p.CLS(), separator: p.SEP(), fill: p.Pad(),
		size:     p.VocabSize(),
		toLonger: p.Fast(),
		word:     p.Word,
		save:     p.Save,
	}
}

// readVocabulary reads the vocabulary of the scorer or encoder in a folder.
func readVocabulary(dir string, c Config) (vocabulary, error) {
	kind, err := tokenizer.ModelType(dir)
	if err != nil {
		return vocabulary{}, err
	}
	var v vocabulary
	if kind == "BPE" {
		t, err := tokenizer.Load(dir)
		if err != nil {
			return v, err
		}
		v = byteLevel(t)
	} else {
		p, err := tokenizer.LoadPieces(dir)
		if err != nil {
			return v, err
		}
		v = pieces(p)
	}
	if c.VocabSize < v.size {
		return v, fmt.Errorf("%s has %d tokens, but the tokenizer beside it %d", configFile(dir), c.VocabSize, v.size)
	}
	return v, nil
}
