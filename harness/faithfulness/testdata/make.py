"""What SummaC-ZS (Laban et al. 2022; github.com/tingofurro/summac, model_summac.py) says of texts with the tiny
classifiers of harness/encoder, by granularity "sentence", computed here with transformers' models.

    pip install torch==2.15.0 transformers==5.24.0 tokenizers==0.23.3
    python make.py

writes golden.json. Sentences are given, not split: NLTK's are those of a trained model, ours those of a rule
that the test holds against these. Each pair of sentences is computed alone, in float32.
"""

import json
import pathlib

import torch
import transformers
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification

HERE = pathlib.Path(__file__).parent
FOLDERS = HERE / "../../encoder/testdata"
EXAMPLES = [
    (["This package has a library for reading files.", "It writes them, too!", "Dr. Müller wrote the documentation of it.", "It works."],
     ["A library for reading and writing files.", "Nobody wrote its documentation."]),
    (["This package has a library for reading files."], ["Headers for the development of graphical interfaces, with tools and documentation for them."]),
    (["Short one.", "Tiny.", "Is this sentence one that counts?"], ["It is a sentence.", "Yes.", "No, it is none at all."]),
    (["Tiny."], ["A library for reading and writing files."]),
    (["This package has a library for reading files."], ["Yes."]),
    ([f"The sentence number {k} of a long document." for k in range(104)] + ["The last one says something else of the library."], ["The last one says something else."]),
]


def images(name):
    folder = FOLDERS / name
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager").float().eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(min(500, 32), strategy="longest_first")
    labels = {label.lower(): k for k, label in model.config.id2label.items()}

    def probabilities(premise, hypothesis):
        e = tokenizer.encode(premise, hypothesis)
        given = {"input_ids": torch.tensor([e.ids]), "attention_mask": torch.ones(1, len(e.ids), dtype=torch.long)}
        if model.config.type_vocab_size == 2:
            given["token_type_ids"] = torch.tensor([e.type_ids])
        with torch.no_grad():
            of = model(**given).logits.softmax(-1)[0]
        return of[labels["entailment"]].item(), of[labels["contradiction"]].item()

    return probabilities


def score(probabilities, document, summary, use_con, least):
    document = [s for s in document if len(s) > least][:100]
    summary = [s for s in summary if len(s) > least]
    if not document or not summary:
        return 0.0
    image = [[probabilities(d, s) for d in document] for s in summary]
    scores = [max(e for e, _ in column) - (max(c for _, c in column) if use_con else 0) for column in image]
    return sum(scores) / len(scores)


golden = {"transformers": transformers.__version__, "documents": [d for d, _ in EXAMPLES], "summaries": [s for _, s in EXAMPLES], "runs": []}
for name in ("bert", "roberta", "deberta"):
    of = images(name)
    for use_con, least in [(True, 10), (False, 10), (True, 3)]:
        golden["runs"].append({"model": name, "contradiction": use_con, "min_characters": least + 1,
                               "scores": [score(of, d, s, use_con, least) for d, s in EXAMPLES]})
(HERE / "golden.json").write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")
