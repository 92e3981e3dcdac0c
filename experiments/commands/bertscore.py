#!/usr/bin/env python3
"""Serves BERTScore (Zhang et al. 2020) to lastmile: precision, recall and f1.

    pip install bert-score
    python3 bertscore.py --model roberta-large

--model is a name of the hub's or a folder; of a folder, and of a model that bert-score
does not know, --layers says which layer's states are compared. Of several references the
best counts. Texts that lastmile writes together are computed together, at most --batch of
them, so the same texts give the same numbers. --version tells what computes them.
"""

import argparse
import importlib.metadata
import json
import os
import sys


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="roberta-large", help="the model's name or folder")
    parser.add_argument("--layers", type=int, help="the layer whose states are compared")
    parser.add_argument("--length", type=int, default=512, help="tokens that longer texts are cut to")
    parser.add_argument("--lang", default="en", help="the language, which chooses a baseline")
    parser.add_argument("--rescale", action="store_true", help="rescale by bert-score's baseline of that language")
    parser.add_argument("--batch", type=int, default=64, help="texts that are computed at once")
    parser.add_argument("--device", help="where to compute, such as cuda:0")
    parser.add_argument("--version", action="store_true", help="print versions and end")
    return parser.parse_args()


def main():
    o = options()
    if o.version:
        print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("bert-score", "transformers", "torch")))
        return
    # What libraries print goes to standard error: standard output is for answers alone.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import bert_score

    scorer = bert_score.BERTScorer(
        model_type=o.model, num_layers=o.layers, lang=o.lang, rescale_with_baseline=o.rescale, batch_size=o.batch, device=o.device
    )
    # Where the model's folder does not say how long a text may be, it would be refused.
    scorer._tokenizer.model_max_length = min(scorer._tokenizer.model_max_length, o.length)
    batch = []
    for line in sys.stdin:
        request = json.loads(line)
        if not request["references"]:
            sys.exit(f"the example {request['id']!r} has no reference")
        batch.append(request)
        if request["more"] > 0 and len(batch) < o.batch:
            continue
        precision, recall, f1 = scorer.score([r["hypothesis"] for r in batch], [r["references"] for r in batch])
        for r, p, q, f in zip(batch, precision.tolist(), recall.tolist(), f1.tolist()):
            print(json.dumps({"id": r["id"], "precision": p, "recall": q, "f1": f}), file=answers)
        answers.flush()
        batch = []


main()
