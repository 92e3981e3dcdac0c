"""Makes tiny random encoders and BLEURT checkpoints, and what their packages say they give.

    pip install bleurt-pytorch==0.0.1 transformers==4.57.3 torch safetensors sentencepiece protobuf
    python make_bleurt.py

writes, beside this script,
  encoder/          BertModel: model.safetensors without "bert." in its names, and its hidden states
  bleurt-bert/      BLEURT over BERT, with WordPiece
  bleurt-rembert/   BLEURT-20 over RemBERT, with a unigram vocabulary and narrower embeddings
each with golden.json. The tokenizers are those of harness/tokenizer/testdata/pieces.
Made with torch 2.15.0.
"""

import json
import pathlib
import shutil

import torch
from bleurt_pytorch import BleurtConfig, BleurtForSequenceClassification, BleurtTokenizer
from safetensors.torch import save_file
from transformers import BertConfig, BertModel, BertTokenizerFast

HERE = pathlib.Path(__file__).parent
PIECES = HERE.parent.parent / "tokenizer/testdata/pieces"
PAIRS = [
    ("The library reads archives.", "The library reads archives."),
    ("The library reads and writes archives in several formats.", "A library for archives"),
    ("", ""),
    ("a", ""),
    ("", "tool"),
    ("Naïve café, 日本語!", "naive cafe \u00a0 ☃"),
    ("  spaces   and\ttabs ", "x" * 120),
    ("UPPER and lower", "upper AND LOWER ..."),
    ("It's 1,234.5 don't", "[SEP] it is [MASK] 12"),
    ("several formats, among them tar, zip and cpio " * 3, "tar zip " * 12),
    ("long " * 60, "longer than all positions " * 20),
]


def spread(model, seed):
    """Random parameters, large enough that each part of the network shows."""
    torch.manual_seed(seed)
    for name, parameter in model.named_parameters():
        parameter.data = torch.randn_like(parameter) * 0.25
        if name.endswith("LayerNorm.weight"):
            parameter.data += 1
    return model.eval()


def save(folder, model, config, tokenizer_files, golden):
    folder.mkdir(exist_ok=True)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config.to_dict(), indent=2, sort_keys=True) + "\n")
    for source, name in tokenizer_files:
        shutil.copy(source, folder / name)
    (folder / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


sizes = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=128)

# A plain encoder.
tokenizer = BertTokenizerFast(vocab_file=str(PIECES / "wordpiece-vocab-txt" / "vocab.txt"))
config = BertConfig(vocab_size=len(tokenizer), attn_implementation="eager", architectures=["BertModel"], **sizes)
model = spread(BertModel(config), 1)
rows = []
for a, b in PAIRS:
    inputs = tokenizer([a], [b], truncation=True, max_length=128, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**inputs).last_hidden_state[0]
    rows.append({"reference": a, "hypothesis": b, "ids": inputs["input_ids"][0].tolist(), "first": hidden[0].tolist(), "last": hidden[-1].tolist()})
save(HERE / "encoder", model, config, [], rows)
tokenizer.backend_tokenizer.save(str(HERE / "encoder" / "tokenizer.json"))

# BLEURT of both kinds.
vocabulary = (PIECES / "wordpiece-vocab-txt" / "vocab.txt").read_text().splitlines()
for name, files, more in [
    ("bleurt-bert", [(PIECES / "wordpiece-vocab-txt" / "vocab.txt", "vocab.txt")], dict(vocab_size=len(vocabulary))),
    ("bleurt-rembert", [(PIECES / "sentencepiece" / "spm.model", "spm.model")], dict(vocab_size=200, embedding_size=12)),
]:
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    for source, to in files:
        shutil.copy(source, folder / to)
    tokenizer = BleurtTokenizer.from_pretrained(str(folder))
    config = BleurtConfig(architectures=["BleurtForSequenceClassification"], **sizes, **more)
    model = spread(BleurtForSequenceClassification(config), 2)
    rows = []
    for a, b in PAIRS:
        inputs = tokenizer([a], [b], padding="longest", truncation=True, max_length=128, return_tensors="pt")
        with torch.no_grad():
            score = model(**inputs).logits.item()
        rows.append({"reference": a, "hypothesis": b, "ids": inputs["input_ids"][0].tolist(), "score": score})
    print(name, type(tokenizer).__name__, [round(r["score"], 3) for r in rows])
    save(folder, model, config, files, rows)
