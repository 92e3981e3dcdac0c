"""Loads exported models with transformers and compares what they compute.

    pip install torch==2.15.0 transformers==5.24.0 peft==0.21.2
    LASTMILE_EXPORT=FOLDER go test -run EveryArchitecture lastmile/harness/results
    python check_export.py FOLDER

The test writes policies and reward models of all architectures into FOLDER, and beside each what
lastmile computes of some tokens.
"""
import json
import pathlib
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

def adapted(folder, **options):
    base, info = AutoModelForCausalLM.from_pretrained(folder.parent / "base", **options)
    return PeftModel.from_pretrained(base, folder), info


CLASSES = {"policy": AutoModelForCausalLM, "reward": AutoModelForSequenceClassification}
LOADERS = {name: c.from_pretrained for name, c in CLASSES.items()} | {"adapter": adapted}
TEXT = "It's 12 o'clock,\n  naïve 日本 <|endoftext|> x"
bad = 0
for expected in sorted(pathlib.Path(sys.argv[1]).glob("*/*.json")):
    want = json.loads(expected.read_text())
    folder = expected.with_suffix("")
    model, info = LOADERS[folder.name](folder, dtype=torch.float32, output_loading_info=True)
    rows = torch.tensor(want["tokens"]).reshape(2, -1)
    with torch.no_grad():
        batches = [rows] if folder.name != "reward" or model.config.pad_token_id is not None else rows.split(1)
        got = torch.cat([model.eval()(b).logits.flatten() for b in batches])
    difference = (got - torch.tensor(want["values"])).abs().max().item()
    same = AutoTokenizer.from_pretrained(folder.parent / "policy" if folder.name == "adapter" else folder).encode(TEXT, add_special_tokens=False) == want["text"]
    strays = {k: sorted(v) for k, v in info.items() if v and k in ("missing_keys", "unexpected_keys", "mismatched_keys")}
    print(f"{folder.parent.name} {folder.name}: {type(model).__name__}, largest difference {difference:.1e}, tokens {'equal' if same else 'DIFFER'} {strays or ''}")
    bad += difference > 1e-4 or not same or bool(strays)
sys.exit(bad > 0)
