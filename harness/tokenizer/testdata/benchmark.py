"""Tokens a second of our tokenizer beside Hugging Face's tokenizers, on one core, with the same file.

    pip install tokenizers==0.23.3
    python benchmark.py FOLDER FILE... [--rounds 7]

FOLDER holds a tokenizer.json. FILES are JSON lines, .gz or not, of which every string is a text. Both
sides have seen the texts once before their time is taken. The peer encodes them all in one call of
encode_batch_fast, its fastest, and its ids are not made Python's; ours encodes them one by one. They
take turns; the first round warms up and does not count.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import encode
from tokenizers import Tokenizer

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("files", nargs="+")
parser.add_argument("--rounds", type=int, default=7)
args = parser.parse_args()

HERE = pathlib.Path(__file__).resolve().parent
tokenizer = Tokenizer.from_file(args.folder + "/tokenizer.json")
texts = list(encode.texts(args.files))
tokens = sum(len(e.ids) for e in tokenizer.encode_batch_fast(texts, add_special_tokens=False))


def peer():
    start = time.perf_counter()
    tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    return tokens / (time.perf_counter() - start)


with tempfile.TemporaryDirectory() as work:
    work = pathlib.Path(work)
    (work / "texts.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    subprocess.run(["go", "test", "-c", "-o", work / "bench", "."], cwd=HERE.parent, check=True)
    variables = os.environ | {"LASTMILE_TOKENIZER": os.path.abspath(args.folder), "LASTMILE_TOKENIZER_IDS": str(work / "texts.jsonl"), "GOMAXPROCS": "1"}

    def ours():
        command = [work / "bench", "-test.run", "^$", "-test.bench", "Files", "-test.benchtime", "3x"]
        out = subprocess.run(command, cwd=HERE.parent, env=variables, check=True, capture_output=True, text=True).stdout
        return float(re.search(r"([\d.e+]+) tokens/s", out)[1])

    a, b = [], []
    for i in range(args.rounds + 1):
        a.append(ours())
        b.append(peer())
        print(f"round {i}: ours {a[-1]:.0f}, tokenizers {b[-1]:.0f} tokens/s", flush=True)
a, b = a[1:], b[1:]
ratios = sorted(x / y for x, y in zip(a, b))
median = lambda v: sorted(v)[len(v) // 2]
print(f"tokenizer: ratio {median(ratios):.2f} (ours {median(a):.0f}, peer {median(b):.0f}, tokens/s; {len(a)} pairs, {ratios[0]:.2f} to {ratios[-1]:.2f})")
