"""Pairs a second of our ROUGE on one core beside rouge-score 0.1.2's: rouge1, rouge2, rougeL, rougeLsum, stemming on.

    python3 benchmark.py [--dialogsum FOLDER] [--pairs 4000] [--rounds 5]

It makes a virtual environment for the peer. The pairs are references against each other, those of
DialogSum where its folder is given (test.jsonl.gz, three for each dialogue), and inputs and
references of the embedded data otherwise; some are of one example and some of two. Both sides have
the texts in memory. They take turns; the first round of each warms up and does not count. Each
round of ours is a process of its own that reads each pair once, so that no word is known before.
What all cores bring over one is measured besides, by reading the pairs again and again.
"""
import argparse
import gzip
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VENV = ROOT / ".made-by-make-setup" / "venv-rouge"
KINDS = ["rouge1", "rouge2", "rougeL", "rougeLsum"]

if pathlib.Path(sys.prefix) != VENV:
    python = VENV / "bin" / "python"
    if not (VENV / "made").exists():
        print(f"making {VENV}", flush=True)
        venv.create(VENV, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "rouge-score==0.1.2", "zstandard==0.25.0"], check=True)
        (VENV / "made").touch()
    os.execv(python, [python, __file__, *sys.argv[1:]])

import zstandard
from rouge_score import rouge_scorer

parser = argparse.ArgumentParser()
parser.add_argument("--dialogsum", default=os.environ.get("LASTMILE_DIALOGSUM"))
parser.add_argument("--pairs", type=int, default=4000)
parser.add_argument("--rounds", type=int, default=5)
args = parser.parse_args()

if args.dialogsum:
    name = "DialogSum"
    with gzip.open(pathlib.Path(args.dialogsum) / "test.jsonl.gz", "rt", encoding="utf-8") as file:
        examples = [[line[f"summary{k}"] for k in (1, 2, 3)] for line in map(json.loads, file)]
else:
    name = "the embedded data"
    path = ROOT / "experiments" / "data" / "debian-descriptions" / "test.jsonl.zst"
    with zstandard.open(path, "rt", encoding="utf-8") as file:
        examples = [[line["input"], line["reference"]] for line in map(json.loads, file)]
rng = random.Random(1)
pairs = [tuple(rng.sample(e, 2)) for e in examples]
while len(pairs) < args.pairs:
    pairs.append(tuple(rng.choice(rng.choice(examples)) for _ in range(2)))
pairs = pairs[: args.pairs]
work = pathlib.Path(tempfile.mkdtemp())
(work / "pairs.jsonl").write_text("".join(json.dumps({"hypothesis": h, "reference": r}) + "\n" for h, r in pairs))
subprocess.run(["go", "test", "-c", "-o", work / "bench", "."], cwd=HERE.parent, check=True)
scorer = rouge_scorer.RougeScorer(KINDS, use_stemmer=True)


def peer():
    start = time.perf_counter()
    for hypothesis, reference in pairs:
        scorer.score(reference, hypothesis)
    return len(pairs) / (time.perf_counter() - start)


def ours(cores, benchtime):
    command = [work / "bench", "-test.run", "^$", "-test.bench", f"ROUGE/cores={cores}$", "-test.benchtime", benchtime]
    out = subprocess.run(command, cwd=HERE.parent, env=os.environ | {"ROUGE_PAIRS": str(work / "pairs.jsonl")}, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"([\d.e+]+) pairs/s", out)[1])


print(f"{len(pairs)} pairs of {name}, {args.rounds} rounds", flush=True)
a, b, gains = [], [], []
for i in range(args.rounds + 1):
    a.append(ours("1", "1x"))
    b.append(peer())
    # What more cores bring shows only in a longer run.
    gains.append(ours("all", "1s") / ours("1", "1s"))
    print(f"round {i}: ours {a[-1]:.0f}, rouge-score {b[-1]:.0f} pairs/s; ours on {os.cpu_count()} cores {gains[-1]:.2f} times one", flush=True)
for file in work.iterdir():
    file.unlink()
work.rmdir()
a, b, gains = a[1:], b[1:], sorted(gains[1:])
ratios = sorted(x / y for x, y in zip(a, b))
median = lambda v: sorted(v)[len(v) // 2]
print(f"ours on all {os.cpu_count()} cores, the default: {median(gains):.2f} times one core ({gains[0]:.2f} to {gains[-1]:.2f})")
print(f"rouge: ratio {median(ratios):.1f} (ours {median(a):.0f}, peer {median(b):.0f}, pairs/s; {len(pairs)} pairs, {ratios[0]:.1f} to {ratios[-1]:.1f})")
