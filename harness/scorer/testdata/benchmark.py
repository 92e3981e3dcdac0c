"""Pairs a second of our scorer beside bleurt-pytorch's, with the same checkpoint, threads and batch size.

    pip install bleurt-pytorch==0.0.1 transformers==4.57.3 torch==2.15.0 safetensors==0.8.0 sentencepiece==0.2.1 protobuf
    python benchmark.py --encoder FOLDER --pairs FILE [--threads 1] [--rounds 5]

FOLDER is a BERT encoder in Hugging Face layout with a vocab.txt, whose weights become a BLEURT
checkpoint with a random head; FILE has JSON lines with the fields reference and candidate. Both
sides read the texts, in batches of 64: the peer as its README shows, padding each batch to its
longest, in the order of the file; ours as lastmile score does. They take turns; the first of a
side's rounds warms up and does not count.
"""
import argparse
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("--encoder", type=pathlib.Path, required=True)
parser.add_argument("--pairs", type=pathlib.Path, required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--rounds", type=int, default=5)
args = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(args.threads)

import torch
from bleurt_pytorch import BleurtConfig, BleurtForSequenceClassification, BleurtTokenizer
from safetensors.torch import load_file, save_file

BATCH = 64
HERE = pathlib.Path(__file__).resolve().parent
torch.set_num_threads(args.threads)
work = pathlib.Path(tempfile.mkdtemp())
stored = json.loads((args.encoder / "config.json").read_text())
names = ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings", "type_vocab_size"]
config = BleurtConfig(architectures=["BleurtForSequenceClassification"], **{n: stored[n] for n in names})
torch.manual_seed(1)
model = BleurtForSequenceClassification(config).eval()
weights = {"bleurt." + n.removeprefix("bert."): t for n, t in load_file(args.encoder / "model.safetensors").items()}
missing = model.load_state_dict(weights, strict=False).missing_keys
assert not [n for n in missing if "classifier" not in n], missing
checkpoint = work / "bleurt"
checkpoint.mkdir()
shutil.copy(args.encoder / "vocab.txt", checkpoint)
(checkpoint / "config.json").write_text(json.dumps(config.to_dict()))
save_file({n: t.contiguous() for n, t in model.state_dict().items()}, checkpoint / "model.safetensors")
tokenizer = BleurtTokenizer.from_pretrained(str(checkpoint))
with (gzip.open if args.pairs.suffix == ".gz" else open)(args.pairs, "rt", encoding="utf-8") as file:
    pairs = [json.loads(line) for line in file]
(work / "pairs.jsonl").write_text("".join(json.dumps(p) + "\n" for p in pairs))
subprocess.run(["go", "test", "-c", "-o", work / "bench", "."], cwd=HERE.parent, check=True)


def peer():
    start = time.perf_counter()
    with torch.no_grad():
        for i in range(0, len(pairs), BATCH):
            part = pairs[i : i + BATCH]
            inputs = tokenizer([p["reference"] for p in part], [p["candidate"] for p in part], padding="longest", truncation=True, max_length=512, return_tensors="pt")
            model(**inputs).logits.flatten().tolist()
    return len(pairs) / (time.perf_counter() - start)


def ours():
    variables = os.environ | {"SCORER_DIR": str(checkpoint), "SCORER_PAIRS": str(work / "pairs.jsonl"), "SCORER_THREADS": str(args.threads)}
    out = subprocess.run([work / "bench", "-test.run", "^$", "-test.bench", "Score", "-test.benchtime", "1x"], cwd=HERE.parent, env=variables, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"([\d.e+]+) pairs/s", out)[1])


a, b = [], []
for i in range(args.rounds + 1):
    a.append(ours())
    b.append(peer())
    print(f"round {i}: ours {a[-1]:.1f}, bleurt-pytorch {b[-1]:.1f} pairs/s", flush=True)
shutil.rmtree(work)
a, b = a[1:], b[1:]
ratios = sorted(x / y for x, y in zip(a, b))
median = lambda v: sorted(v)[len(v) // 2]
print(f"scorer: ratio {median(ratios):.2f} (ours {median(a):.1f}, peer {median(b):.1f}, pairs/s; {len(pairs)} pairs, {ratios[0]:.2f} to {ratios[-1]:.2f})")
