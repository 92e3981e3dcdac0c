"""What bert-score says of texts with the tiny encoders of harness/encoder.

    pip install torch==2.15.0 transformers==4.57.3 bert-score==0.3.13
    python make.py

writes golden.json and baseline.tsv. bert-score reads BERT and RoBERTa with the slow tokenizers of transformers 4,
for which vocabularies are written as they need them; DeBERTa with the fast one. Pairs are matched one by one (batch_size 1): in a batch, bert-score takes
0 for the similarity to what fills a shorter text up, which an actual similarity below 0 loses to.
"""

import json
import pathlib
import shutil
import tempfile

import bert_score
import transformers

HERE = pathlib.Path(__file__).parent
FOLDERS = HERE / "../../encoder/testdata"
EXAMPLES = [
    ("library for reading and writing files", ["library to read files", "a tool that reads and writes files"]),
    ("  development files for the library ", ["development files (headers)"]),
    ("the the the the", ["graphical interface of the library", "documentation"]),
    ("Ein Müller's ﬁle — ½ of it, naïve", ["Ein Müller's file - 1/2 of it"]),
    ("", ["library for reading"]),
    ("   ", ["a", "b c d"]),
    ("library for reading", ["", "a tool for reading"]),
    ("unknown 漢字 and 🙂 signs", ["unknown signs and 漢字", "unknown 漢字 and 🙂 signs"]),
    (" ".join(["development files (headers) for the graphical interface of the library"] * 4), ["development files for the documentation of the library and for its tools"]),
]
HYPOTHESES = [h for h, _ in EXAMPLES]
REFERENCES = [r for _, r in EXAMPLES]


def slow(name, to):
    """A copy of a folder with the files of the slow tokenizer."""
    to = pathlib.Path(to) / name
    shutil.copytree(FOLDERS / name, to)
    model = json.loads((to / "tokenizer.json").read_text())["model"]
    if name == "bert":
        (to / "vocab.txt").write_text("".join(token + "\n" for token in sorted(model["vocab"], key=model["vocab"].get)))
    if name == "roberta":
        (to / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False))
        (to / "merges.txt").write_text("#version: 0.2\n" + "".join(" ".join(pair) + "\n" for pair in model["merges"]))
    return str(to)


def main():
    (HERE / "baseline.tsv").write_text("LAYER,P,R,F\n" + "".join(f"{k},{0.31 + k / 10},{0.29 + k / 10},{0.3 + k / 10}\n" for k in range(4)))
    golden = {"bert-score": bert_score.__version__, "transformers": transformers.__version__, "hypotheses": HYPOTHESES, "references": REFERENCES, "runs": []}
    with tempfile.TemporaryDirectory() as copies:
        for name in ("bert", "roberta", "deberta"):
            folder = slow(name, copies)
            for layer, idf, rescale in [(2, False, False), (3, False, False), (2, True, False), (2, True, True)]:
                p, r, f = bert_score.score(
                    HYPOTHESES, REFERENCES, model_type=folder, num_layers=layer, idf=idf, nthreads=0, batch_size=1, device="cpu", lang="en",
                    rescale_with_baseline=rescale, baseline_path=str(HERE / "baseline.tsv") if rescale else None, use_fast_tokenizer=name == "deberta")
                scores = {"precision": p.tolist(), "recall": r.tolist(), "f1": f.tolist()}
                golden["runs"].append({"model": name, "layer": layer, "idf": idf, "rescale": rescale, "scores": scores})
    (HERE / "golden.json").write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")


main()
