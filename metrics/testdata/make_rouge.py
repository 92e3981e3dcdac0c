"""Writes what rouge-score 0.1.2 says about texts that may be kept.

    python3 -m venv venv && venv/bin/pip install rouge-score==0.1.2
    venv/bin/python make_rouge.py

The texts are Debian's package descriptions, as apt has them on this machine
(`apt-get -o Acquire::Languages=en update`). It makes

  rouge.jsonl.gz    hypotheses, references and scores
  stems.txt.gz      words and their stems
  unicode.jsonl.gz  random Unicode strings and their tokens, and all code
                    points that a token can hold
"""

import glob
import gzip
import json
import random
import re
import subprocess
import sys

from rouge_score import rouge_scorer, tokenize
from nltk.stem import porter

KINDS = ["rouge1", "rouge2", "rouge4", "rougeL", "rougeLsum"]
FOREIGN = [
    "Der Überläufer sprach weiß Gott kein Wort über die Brücke.",
    "Это предложение написано по-русски, и больше ничего.",
    "这是一个简短的摘要。", "要約は短い方がよい。", "요약은 짧을수록 좋다.",
    "İstanbul'da DİL işleme ve IŞIK", "KELVIN scale: 300 K and ÅNGSTRÖM Å",
    "هذا ملخص قصير للنص", "זהו תקציר קצר", "नमस्ते दुनिया",
    "ΣΊΣΥΦΟΣ pushes the STONE uphill ς", "ﬁne ﬂow oﬃce ①②③ ½ ²³ ٣٤٥",
]
EMOJI = ["🙂", "🎉🎉", "👩‍💻", "🇪🇺", "❤️", "🤖 beep"]


def descriptions():
    pairs = []
    for path in sorted(glob.glob("/var/lib/apt/lists/*Translation-en*")):
        text = subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", path],
                              capture_output=True, check=True).stdout.decode()
        for stanza in text.split("\n\n"):
            found = re.search(r"^Description-en: (.*)\n((?: .*\n?)*)", stanza, re.M)
            if found:
                body = re.sub(r"^ \.?", "", found.group(2), flags=re.M)
                pairs.append((found.group(1), body.strip()))
    if not pairs:
        sys.exit("no Translation-en file under /var/lib/apt/lists")
    return sorted(set(pairs))


def unicode_string(rng):
    out = []
    for _ in range(rng.randrange(1, 40)):
        kind = rng.random()
        if kind < 0.4:
            out.append(chr(rng.randrange(0x20, 0x7F)))
        elif kind < 0.6:
            out.append(chr(rng.randrange(0xA0, 0x600)))
        elif kind < 0.75:
            out.append(rng.choice("İıKÅſßςΣ\u0307\u00a0\u2028\u0085\t\n\r\x1c\u200b²½①"))
        elif kind < 0.9:
            out.append(chr(rng.randrange(0x600, 0xD800)))
        else:
            out.append(chr(rng.randrange(0xE000, 0x110000)))
    return "".join(out)


def variants(rng, pairs):
    """Yields (hypothesis, references)."""
    synopsis = lambda: rng.choice(pairs)[0]
    body = lambda: rng.choice(pairs)[1][:rng.randrange(60, 420)]
    for _ in range(900):
        short, long = rng.choice(pairs)
        yield short, [long[:rng.randrange(40, 300)]]
    for _ in range(300):
        yield synopsis(), [synopsis()]
    for _ in range(250):
        yield body(), [body()]
    for _ in range(300):
        text = body().split(" ")
        other = text[:]
        rng.shuffle(other)
        yield " ".join(other), [" ".join(text)]
    for _ in range(250):
        words = synopsis().split()
        yield " ".join(words[:rng.randrange(0, len(words) + 1)]), [" ".join(words)]
    for _ in range(200):
        text = synopsis()
        yield rng.choice([" ", "\n", ". "]).join([text] * rng.randrange(2, 6)), [text]
    for _ in range(100):
        text = synopsis()
        yield text.upper(), [text]
    for _ in range(100):
        yield rng.choice(FOREIGN), [rng.choice(FOREIGN + [synopsis()])]
    for _ in range(100):
        words = synopsis().split()
        words.insert(rng.randrange(len(words) + 1), rng.choice(EMOJI))
        yield rng.choice(["", " "]).join(words), [" ".join(words), synopsis()]
    for empty in ["", " ", "\n", "\n\n", "...", "—", "🙂"]:
        yield empty, [synopsis()]
        yield synopsis(), [empty]
        yield empty, [empty]
        yield empty, ["", synopsis()]
    for _ in range(350):  # several lines against several lines, shared words
        words = body().split()[:40]
        lines = lambda: "".join(
            rng.choice(words) + rng.choice([" ", " ", " ", "\n", "\n\n"])
            for _ in range(rng.randrange(1, 30)))
        yield lines(), [lines()]
    for _ in range(250):  # several references
        short, long = rng.choice(pairs)
        first = long.split(".")[0]
        yield short, [first, synopsis(), first + " " + short[:10]][:rng.randrange(2, 4)]
    for _ in range(100):
        yield unicode_string(rng), [unicode_string(rng)]
    for _ in range(6):  # longer than one machine word, on both sides
        a = rng.choice([p for p in pairs if len(p[1].split()) > 200])[1].split()
        b = a[:]
        for _ in range(60):
            b.pop(rng.randrange(len(b)))
        middle = a[50:120]
        rng.shuffle(middle)
        a[50:120] = middle
        yield " ".join(a[:300]), ["\n".join([" ".join(b[:90]), " ".join(b[90:260])])]


def write(path, lines):
    with gzip.GzipFile(path, "wb", compresslevel=9, mtime=0) as f:
        for line in lines:
            f.write((line + "\n").encode())


STEMMED = rouge_scorer.RougeScorer(KINDS, use_stemmer=True)
PLAIN = rouge_scorer.RougeScorer(KINDS, use_stemmer=False)


def values(hypothesis, references):
    """Precision, recall, F1 of each kind; [0] where all are 0. Those without
    stemming are kept only where they are others."""
    row = {}
    for name, scorer in (("stem", STEMMED), ("plain", PLAIN)):
        got = scorer.score_multi(references, hypothesis)
        row[name] = [[0] if got[k].fmeasure == 0 else list(got[k]) for k in KINDS]
    if row["plain"] == row["stem"]:
        del row["plain"]
    return row


def compact(row):
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def scores(rng, pairs):
    for hypothesis, references in variants(rng, pairs):
        yield compact({"h": hypothesis, "r": references} | values(hypothesis, references))


def stems(rng, pairs):
    words = set()
    for short, long in rng.sample(pairs, 12000):
        words.update(re.findall("[a-z0-9]+", (short + " " + long).lower()))
    words = set(rng.sample(sorted(words), 20000))
    # Endings that meet every rule, on stems of every measure and on digits.
    endings = """ies ied s ss sses eed ed ing at bl iz y ational tional enci anci
        izer bli alli entli eli ousli ization ation ator alism iveness fulness
        ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful
        ness al ance ence er ic able ible ant ement ment ent ion sion tion ou ism
        ate iti ous ive ize e ll lle""".split()
    beginnings = """ a b y tr ee ab yy toy by oat troubl private geo theo archaeo
        hopp fall hiss fizz fil 12 a11 x9 syzyg yyyy roll controll""".split(" ")
    for beginning in beginnings:
        for ending in endings:
            words.add(beginning.strip() + ending)
            words.add(beginning.strip() + ending + "ed")
            words.add(beginning.strip() + ending + "ing")
    words.update("sky skies dying lying tying news innings inning outings outing "
                 "cannings canning howe proceed exceed succeed".split())
    stemmer = porter.PorterStemmer()
    for word in sorted(words):
        if len(word) > 3:
            yield word + " " + stemmer.stem(word)


def unicode_lines(rng):
    held = {}
    for point in range(0x110000):
        if 0xD800 <= point < 0xE000:
            continue
        tokens = tokenize.tokenize("a" + chr(point) + "b", None)
        if tokens != ["a", "b"]:
            held["%X" % point] = tokens
    yield json.dumps(held)
    for _ in range(1500):
        text = unicode_string(rng)
        yield json.dumps([text, tokenize.tokenize(text, porter.PorterStemmer())])


def main():
    rng = random.Random(1)
    pairs = descriptions()
    write("stems.txt.gz", stems(rng, pairs))
    write("unicode.jsonl.gz", unicode_lines(rng))
    write("rouge.jsonl.gz", scores(rng, pairs))


if __name__ == "__main__":
    main()
