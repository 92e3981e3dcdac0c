"""Writes what rouge-score 0.1.2 says about DialogSum's summaries.

    python3 -m venv venv && venv/bin/pip install rouge-score==0.1.2
    venv/bin/python make_dialogsum.py FOLDER

FOLDER has DialogSum (github.com/cylnlp/dialogsum) as JSON lines, test.jsonl.gz
and dev.jsonl.gz. Its licence keeps its texts out of this repository, so
dialogsum.jsonl.gz has how each text is made of them, and the scores. Its first
line is the SHA-256 of the summaries, each followed by a line feed: the three of
each dialogue in test, then the one of each in dev. In the others "h" is the
hypothesis and "r" the list of references. A text is its parts "p", put together
with "by" in between ("" where it is not said), in capitals where "upper" is
true. A part is a text as it is, the number of a summary, or the number of a
summary and those of its words, which are what is between single spaces.
"""

import gzip
import hashlib
import json
import pathlib
import random
import sys

from make_rouge import EMOJI, FOREIGN, compact, values, write


def summaries(folder):
    texts = []
    for split, fields in (("test", ["summary1", "summary2", "summary3"]), ("dev", ["summary"])):
        with gzip.open(folder / f"{split}.jsonl.gz", "rt", encoding="utf-8") as file:
            for line in file:
                dialogue = json.loads(line)
                texts += [dialogue[field] for field in fields]
    return texts


def made(text, texts):
    """The text that a recipe makes."""
    parts = []
    for part in text["p"]:
        if isinstance(part, int):
            part = texts[part]
        elif isinstance(part, list):
            words = texts[part[0]].split(" ")
            part = " ".join(words[k] for k in part[1:])
        parts.append(part)
    joined = text.get("by", "").join(parts)
    return joined.upper() if text.get("upper") else joined


def variants(rng, texts):
    """Yields recipes: (hypothesis, references)."""
    dialogues = [[3 * d, 3 * d + 1, 3 * d + 2] for d in range(500)]
    some = lambda: rng.randrange(len(texts))
    words = lambda i: list(range(len(texts[i].split(" "))))
    whole = lambda i: {"p": [i]}
    literal = lambda text: {"p": [text]}
    for a, b, c in dialogues:  # references against each other
        yield whole(a), [whole(b)]
        yield whole(b), [whole(c)]
        yield whole(c), [whole(a), whole(b)]
    for _ in range(300):  # another dialogue's
        yield whole(some()), [whole(some())]
    for _ in range(400):
        i = some()
        order = words(i)
        rng.shuffle(order)
        yield {"p": [[i] + order]}, [whole(i)]
    for _ in range(400):
        i, j = rng.sample(rng.choice(dialogues), 2)
        yield {"p": [[i] + words(i)[: rng.randrange(len(words(i)) + 1)]]}, [whole(rng.choice([i, j]))]
    for _ in range(300):
        i, j = rng.sample(rng.choice(dialogues), 2)
        yield {"p": [i] * rng.randrange(2, 6), "by": rng.choice([" ", "\n", ". "])}, [whole(rng.choice([i, j]))]
    for empty in ["", " ", "\n", "\n\n", "...", "—", "🙂"]:
        for _ in range(5):
            i = some()
            yield literal(empty), [whole(i)]
            yield whole(i), [literal(empty)]
            yield literal(empty), [literal(""), whole(i)]
    for _ in range(300):
        i, j = rng.sample(rng.choice(dialogues), 2)
        if (texts[i] + texts[j]).isascii():
            yield {"p": [i], "upper": True}, [whole(rng.choice([i, j]))]
    for _ in range(200):
        i = some()
        foreign = rng.choice(FOREIGN)
        yield rng.choice([literal(foreign), {"p": [i, foreign], "by": " "}]), [rng.choice([whole(i), {"p": [foreign, i], "by": "\n"}])]
    for _ in range(250):
        i = some()
        at = rng.randrange(len(words(i)) + 1)
        before, after = [i] + words(i)[:at], [i] + words(i)[at:]
        yield {"p": [before, rng.choice(EMOJI), after], "by": rng.choice(["", " "])}, [whole(i)]
    for _ in range(300):  # several lines against several lines
        a, b, c = rng.sample(rng.choice(dialogues), 3)
        yield {"p": rng.sample([a, b, some()], rng.randrange(1, 4)), "by": "\n"}, [{"p": [c, rng.choice([a, b])], "by": "\n"}]


def main():
    texts = summaries(pathlib.Path(sys.argv[1]))
    digest = hashlib.sha256("".join(t + "\n" for t in texts).encode()).hexdigest()
    rows = [digest]
    for hypothesis, references in variants(random.Random(1), texts):
        got = values(made(hypothesis, texts), [made(r, texts) for r in references])
        rows.append(compact({"h": hypothesis, "r": references} | got))
    write("dialogsum.jsonl.gz", rows)


if __name__ == "__main__":
    main()
