"""Writes what sacrebleu 2.6.0 says about the texts of rouge.jsonl.gz.

    python3 -m venv venv && venv/bin/pip install sacrebleu==2.6.0
    venv/bin/python make_sacrebleu.py

It makes sacrebleu.json.gz: BLEU and chrF of each line by itself, of sets of
lines, and the words that the tokenizer 13a makes of texts full of signs.
"""

import gzip
import json
import random

from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

with gzip.open("rouge.jsonl.gz") as f:
    rows = [json.loads(line) for line in f]

bleu, chrf = BLEU(effective_order=True), CHRF()
sentences = [[bleu.sentence_score(r["h"], r["r"]).score, chrf.sentence_score(r["h"], r["r"]).score]
             for r in rows]

# Sets of lines: runs of them, of few and of many, with one reference and with
# as many as there are.
rng = random.Random(1)
corpora = []
spans = [(0, 900), (900, 1200), (1200, 1450), (0, len(rows)), (2000, 2001), (2600, 2601)]
spans += [(a, a + rng.randrange(2, 60)) for a in rng.sample(range(len(rows) - 60), 40)]
for first, last in spans:
    part = rows[first:last]
    for most in (1, 4):
        references = [[r["r"][k] if k < len(r["r"]) else None for r in part] for k in range(most)]
        hypotheses = [r["h"] for r in part]
        corpora.append([first, last, most, BLEU().corpus_score(hypotheses, references).score,
                        CHRF().corpus_score(hypotheses, references).score])

pieces = ["1,000.5", "1-2", "3.", ".5", ",7", "x,y", "U.S.", "don't", "&quot;", "&amp;", "&amp;lt;", "&lt;b&gt;",
          "-\n", "<skipped>", "well-known", "9-", "-9", "...", "a.b,c", "\t", "\x1c", "\u00a0", "é.", "5é", "。", "🙂,",
          "(", ")", "{", "}", "~", "`", "@", "/", "\\", "_", "^", "!", "?", ";", ":", "#", "$", "%", "*", "+", "=",
          "word", "Word", "10", "0", " ", "  ", "\n", "\r", "\u2028"]
texts = ["", " ", ".", "-\n", "a", "1.", "1.5.", "..", "1,,2"]
texts += ["".join(rng.choice(pieces) for _ in range(rng.randrange(1, 25))) for _ in range(1500)]
tokenize = Tokenizer13a()
tokens = [[t, tokenize(t.rstrip()).split()] for t in texts]

with gzip.GzipFile("sacrebleu.json.gz", "wb", compresslevel=9, mtime=0) as f:
    f.write(json.dumps({"sentences": sentences, "corpora": corpora, "tokens": tokens},
                       separators=(",", ":")).encode())
