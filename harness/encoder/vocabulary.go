package encoder

import (
	"fmt"
	"path/filepath"

	"lastmile/harness/tokenizer"
)

// Vocabulary is what texts are read with: BERT's WordPiece, a unigram vocabulary of
// SentencePiece, RoBERTa's byte-level BPE, or that of a language model.
type Vocabulary struct {
	// Encode gives the tokens of a text, without special ones around it.
	Encode func(text string) []int
	// Spaced is Encode of a text with a space in front, where that makes a
	// difference: with it a word has the same tokens wherever it stands.
	Spaced func(text string) []int
	// Start opens a row, Separator ends each text, Fill fills a batch up.
	Start, Separator, Fill int
	// Between is the number of separators between the texts of a pair.
	Between int
	Size    int
	// MaxLength is model_max_length of tokenizer_config.json: the most tokens that
	// transformers lets a row have; 0 where it says none.
	MaxLength int
	// ToLonger says how texts that are too long are cut; see [Reader.Pair].
	ToLonger bool
	// Word is the word that a token is on its own, "" where it is none; nil
	// where tokens are not known as parts of words.
	Word func(id int) string
	Save func(dir string) error
}

// ByteLevel reads with the vocabulary of a language model. It has no tokens of
// an encoder's, so the end token stands for all of them.
func ByteLevel(t *tokenizer.Tokenizer) Vocabulary {
	return Vocabulary{
		Encode: t.Encode,
		Spaced: func(text string) []int { return t.Encode(" " + text) },
		Start:  t.EOS(), Separator: t.EOS(), Fill: t.EOS(),
		Between: 1,
		Size:    t.VocabSize(),
		Save:    t.Save,
	}
}

// pieces reads with the vocabulary of an encoder that is made of pieces of words.
func pieces(p *tokenizer.Pieces, c Config) Vocabulary {
	return Vocabulary{
		Encode: p.Encode,
		Spaced: p.Encode,
		Start:  p.CLS(), Separator: p.SEP(), Fill: p.Pad(),
		Between:  c.family().separators,
		Size:     p.VocabSize(),
		ToLonger: p.Fast(),
		Word:     p.Word,
		Save:     p.Save,
	}
}

// ReadVocabulary reads the vocabulary of the encoder in a folder. A byte-level one has
// the special tokens that its post_processor puts around texts; without one the end
// token stands for them.
func ReadVocabulary(dir string, c Config) (Vocabulary, error) {
	v, err := readVocabulary(dir, c)
	if err != nil {
		return v, err
	}
	if v.MaxLength, err = tokenizer.MaxLength(dir); err != nil {
		return v, err
	}
	if c.VocabSize < v.Size {
		return v, fmt.Errorf("%s has %d tokens, but the tokenizer beside it %d", ConfigFile(dir), c.VocabSize, v.Size)
	}
	if least := c.family().marks(); v.MaxLength > 0 && v.MaxLength < least {
		return v, fmt.Errorf("model_max_length in %s is %d; expected at least %d", filepath.Join(dir, "tokenizer_config.json"), v.MaxLength, least)
	}
	for _, id := range []int{v.Start, v.Separator, v.Fill} {
		if id < 0 || id >= c.VocabSize {
			return v, fmt.Errorf("the tokenizer in %s has the special token %d, and %s %d tokens", dir, id, ConfigFile(dir), c.VocabSize)
		}
	}
	return v, nil
}

func readVocabulary(dir string, c Config) (Vocabulary, error) {
	kind, err := tokenizer.ModelType(dir)
	if err != nil {
		return Vocabulary{}, err
	}
	if kind != "BPE" {
		p, err := tokenizer.LoadPieces(dir)
		if err != nil {
			return Vocabulary{}, err
		}
		return pieces(p, c), nil
	}
	t, err := tokenizer.Load(dir)
	if err != nil {
		return Vocabulary{}, err
	}
	v := ByteLevel(t)
	if c.ModelType != RoBERTa {
		return v, nil
	}
	around, err := t.Template()
	if err != nil {
		return v, fmt.Errorf("the tokenizer in %s: %w", dir, err)
	}
	v.Start, v.Separator, v.Between, v.Fill, v.ToLonger = around.Start, around.Separator, around.Between, c.PadTokenID, true
	return v, nil
}
