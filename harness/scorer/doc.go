// Package scorer is the learned metric "bleurt", in the style of BLEURT
// (Sellam et al. 2020, "BLEURT: Learning Robust Metrics for Text Generation"):
// an encoder such as BERT (Devlin et al. 2019; the package encoder) with a
// regression head, which reads a reference and a hypothesis together and says
// how good the second is by the first.
//
// # The model
//
// A pair is the row of tokens
//
//	[CLS] reference [SEP] hypothesis [SEP]
//
// in the vocabulary of the encoder that it started from, BERT's WordPiece, a
// unigram vocabulary of SentencePiece or RoBERTa's byte-level BPE, with RoBERTa's
// own tokens in place of these, or, trained from scratch, in that of the
// base model's byte-level BPE. The latter has no tokens of BERT's, so its end
// token stands for [CLS] and [SEP], and fills the rows of a batch up: what it
// means follows from its place and its token type, which is 0 up to the first
// [SEP] and 1 behind it. In a byte-level vocabulary both texts are encoded with a space
// in front, so that a word has the same tokens wherever it stands. Of two texts that are
// too long together the longer one loses its end first.
//
// From scratch, positions count from 1 again at the hypothesis's first token,
// so that a word has the same position in both texts where they agree. Without
// that, the small network of our defaults learns which words are shared but
// not their order: on dev references of the embedded data, 400 steps then put
// half of the shuffled texts above the reference itself, with it none.
// config.json says so in "restart_positions", which is not Hugging Face's. An
// encoder that was trained before keeps its positions.
//
// The sum of token, position and type embeddings passes through layers of
// attention and GELU, each followed by a LayerNorm; the pooler (a dense layer
// and tanh) and the head read what is at [CLS]. Parameters and config.json
// have Hugging Face's names, so BertForSequenceClassification of transformers, or
// that of the family that it started from, loads the folder; it gives the same scores
// if it is handed position_ids where they count anew. A masked position takes no part in anything, so a pair's
// score does not depend on the batch that it is in.
//
// There are three ways to one: [Train] from scratch, [Train] from a BERT, RoBERTa or
// DeBERTa-v3 encoder such as all-MiniLM-L6-v2 ([Start]), and a checkpoint of BLEURT's own as
// converted for the package bleurt-pytorch 0.0.1, BLEURT-20's included, whose
// embeddings are narrower than their layers. [Open] reads all of them.
//
// # What it learns
//
// [Train] takes the references of the training examples, and the sentences of
// their inputs where it is told to, and makes of each a pair with a text that
// is worse in a known way (kinds lists the ways), or with itself. As in BLEURT's
// pre-training the head has several outputs, one for each target: overlap
// ([Targets]: ROUGE and the words as written, without the share that only
// repeats), intact (whether neighbours are neighbours anywhere: fluency as far
// as counting sees it), the alignment of tokens, ROUGE in all its parts, whether
// anybody wrote the text so, and whether it is adequate, that is, says what the reference
// says: for that pairs are also made of two references of one input, which have few words
// in common, and by exchanging a name or a number or by negating, which changes few; and
// whether it is fluent, whatever the reference says: for that pairs are also made with
// small errors in other texts. The score is the mean of those that
// config.json names in "score", which is not Hugging Face's either; without it
// the first output, overlap.
//
// experiments/scorer.toml names overlap and intact, adequacy and fluency: by
// overlap alone a shuffled text is nearly as good as the reference, by intact
// alone another example's text is. They were chosen for that reason, before any
// training. On dev references the mean then put 94 to 100 % of each kind of
// distortion below the reference from all-MiniLM-L6-v2, but for those of case,
// which its vocabulary does not see. Human ratings were not looked at for it.
//
// So without ratings it agrees at its best with measures that somebody thought
// of. Where there are human ratings it is fine-tuned on them after that: the
// score, not single outputs, learns the rating.
//
// The scorer is independent of the reward model: it sees neither the negatives
// nor any model's output, draws from streams of its own, and has a seed of its
// own. But both learn from distortions of the same references, and distortions
// of the same sorts (loops, shuffled words, other examples' texts), which is
// worth a sentence wherever the scorer evaluates a policy that the reward model
// trained.
package scorer
