"""Writes declared.json, which declared_test.go compares with: folders of tokenizers whose
tokens are named in several files, and the ids and texts that transformers makes of them.

Needs transformers 5.24.0, and trained/tokenizer.json. Run it in this folder.
"""
import copy
import json
import pathlib
import tempfile

from transformers import PreTrainedTokenizerFast

BASE = json.load(open("trained/tokenizer.json"))
SIZE = len(BASE["model"]["vocab"])
TEXTS = ["a <|tool|> b", "<|call|><|tool|>", "x<|eot|> y </s>", " <|img|>  <mask> word", "<s>hello world</s><|endoftext|>"]


def token(content, **flags):
    return {"content": content, "lstrip": False, "rstrip": False, "single_word": False, "normalized": False, "special": True} | flags


def added(content, id, **flags):
    return {"id": id} | token(content, **flags)


FOLDERS = {
    "nothing": {},
    "eos named only": {"tokenizer_config.json": {"eos_token": "<|eot|>"}},
    "eos in the vocabulary": {"tokenizer_config.json": {"eos_token": "w"}},
    "listed": {"tokenizer_config.json": {"added_tokens_decoder": {str(SIZE + 7): token("<|tool|>"), str(SIZE + 3): token("<|call|>", special=False)}, "eos_token": "<|call|>"}},
    "listed with flags": {"tokenizer_config.json": {"added_tokens_decoder": {str(SIZE): token("<|tool|>", lstrip=True, rstrip=True), str(SIZE + 1): token("word", single_word=True, normalized=True, special=False)}, "eos_token": "<|endoftext|>"}},
    "listed otherwise": {"tokenizer_config.json": {"added_tokens_decoder": {"0": token("<|endoftext|>", lstrip=True)}, "eos_token": "<|endoftext|>"}},
    "a map": {"special_tokens_map.json": {"eos_token": token("</s>"), "bos_token": "<s>", "mask_token": token("<mask>", lstrip=True), "additional_special_tokens": ["<|img|>", "<|tool|>"]}},
    "a map beside a config": {"tokenizer_config.json": {"eos_token": "<|eot|>", "image_token": "<|img|>"}, "special_tokens_map.json": {"eos_token": "</s>", "pad_token": "<pad>"}},
    "a map that a list hides": {"tokenizer_config.json": {"eos_token": "<|eot|>", "added_tokens_decoder": {}}, "special_tokens_map.json": {"eos_token": "</s>", "additional_special_tokens": ["<|tool|>"]}},
    "added": {"tokenizer_config.json": {"eos_token": "<|eot|>"}, "added_tokens.json": {"<|tool|>": SIZE + 2, "<|eot|>": SIZE, "<|call|>": SIZE + 1}},
    "additional": {"tokenizer_config.json": {"additional_special_tokens": ["<|tool|>", token("<|call|>", __type="AddedToken")], "eos_token": "<|endoftext|>"}},
    "extra": {"tokenizer_config.json": {"extra_special_tokens": ["<|tool|>"], "eos_token": "<|endoftext|>"}},
    "extra with names": {"tokenizer_config.json": {"extra_special_tokens": {"image_token": "<|img|>", "tool": "<|tool|>"}, "boi_token": "<|call|>", "eos_token": "<|endoftext|>"}},
    "objects": {"tokenizer_config.json": {"eos_token": token("</s>", __type="AddedToken", normalized=True), "bos_token": token("<s>", __type="AddedToken")}},
    "some of each": {"tokenizer.json": [added("<|tool|>", SIZE + 5, special=False)], "tokenizer_config.json": {"eos_token": "<|eot|>", "pad_token": "<|tool|>", "additional_special_tokens": ["<|call|>"]}},
}

rows = []
for name, files in FOLDERS.items():
    base = copy.deepcopy(BASE)
    base["added_tokens"] += files.get("tokenizer.json", [])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        for file, content in {**files, "tokenizer.json": base}.items():
            (path / file).write_text(json.dumps(content))
        t = PreTrainedTokenizerFast.from_pretrained(folder)
        row = {"name": name, "files": {f: c for f, c in files.items() if f != "tokenizer.json"}, "added": files.get("tokenizer.json", []), "eos": t.eos_token_id, "size": len(t), "texts": []}
        for text in TEXTS:
            ids = t.encode(text, add_special_tokens=False)
            row["texts"].append({"text": text, "ids": ids, "decoded": t.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)})
        rows.append(row)
with open("declared.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
