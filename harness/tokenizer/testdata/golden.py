"""Writes the tokenizers and ids that golden_test.go compares with.

Needs tokenizers 0.23.3 (pip install tokenizers==0.23.3), and trained/tokenizer.json, which
`go test -run TestTrainIsStable -update` writes. Run it in this folder.
"""
import copy
import json
import os
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

CASES = json.load(open("hard_cases.json"))
STREAM = random.Random(1)
LETTERS = list("abcdeIlrSstvm'\u2019     \n\r\t.,!?-_0123456789éñß日本中한न\u0301\u0323\u200d😀👍\u00a0\u3000½٣Ⅷ▁ſΩ") + ["<s>", "</s>", "<|pad|>", "'s", "'LL", " the", "  ", "\n\n"]
CASES += ["".join(STREAM.choice(LETTERS) for _ in range(STREAM.randrange(5, 40))) for _ in range(60)]



def variants(base):
    """Yields (name, tokenizer.json) of what is supported."""
    def byte_level(**changes):
        return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True} | changes

    yield "trained", base
    gpt2 = copy.deepcopy(base)
    gpt2["pre_tokenizer"] = byte_level()
    yield "gpt2", gpt2
    together = copy.deepcopy(base)
    together["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": False}, byte_level()]}
    together["model"]["merges"] = [m.split(" ") for m in together["model"]["merges"]]
    yield "digits-together", together
    whole = copy.deepcopy(base)
    whole["pre_tokenizer"] = byte_level(use_regex=False)
    yield "no-pattern", whole
    ignore = copy.deepcopy(base)
    ignore["pre_tokenizer"] = byte_level()
    ignore["model"]["ignore_merges"] = True
    ignore["model"]["merges"] = ignore["model"]["merges"][:60]
    yield "ignore-merges", ignore
    lacking = copy.deepcopy(base)
    used = {part for m in lacking["model"]["merges"] for part in m.split(" ")}
    for token in [t for t in lacking["model"]["vocab"] if len(t) == 1 and t not in used and t not in "!?aĠ"]:
        del lacking["model"]["vocab"][token]
    yield "lacking-bytes", lacking
    unknown = copy.deepcopy(lacking)
    unknown["model"]["unk_token"] = "<|endoftext|>"
    yield "unknown-bytes", unknown
    added = copy.deepcopy(base)
    size = len(base["model"]["vocab"])
    for i, (content, flags) in enumerate([
        ("<left>", {"lstrip": True, "special": True}), ("<right>", {"rstrip": True, "special": True}),
        ("<both>", {"lstrip": True, "rstrip": True}), ("word", {"single_word": True}), ("name", {"normalized": True}),
        ("names", {"normalized": True}), ("<n>", {"normalized": True}), ("é<b>", {}), ("two words", {}),
    ]):
        token = {"id": size + i, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
        added["added_tokens"].append(token | flags)
    yield "added-tokens", added

    unfused = copy.deepcopy(unknown)
    unfused["model"]["fuse_unk"] = True
    yield "unknown-bytes-fused", unfused
    prefixed = copy.deepcopy(base)
    prefixed["pre_tokenizer"] = byte_level(add_prefix_space=True)
    yield "prefix-space", prefixed
    nfc = copy.deepcopy(added)
    nfc["normalizer"] = {"type": "NFC"}
    nfc["added_tokens"][-2]["normalized"] = True
    yield "added-tokens-nfc", nfc


CORPUS = open("corpus.txt").read().splitlines()
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def bytes_by(pattern, normalizer, specials, **settings):
    """A byte-level tokenizer as Llama 3's and Qwen 2's are."""
    t = Tokenizer(models.BPE(**settings))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    t.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=420, min_frequency=1, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    t.train_from_iterator(CORPUS, trainer)
    t.add_special_tokens([AddedToken(s, normalized=False) for s in ["<|endoftext|>"] + specials])
    return json.loads(t.to_str())


def pieces(words_apart=True):
    """A tokenizer in the manner of SentencePiece's BPE, as Llama 2's is."""
    specials = ["<unk>", "<s>", "</s>"]
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    if words_apart:
        t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    trainer = trainers.BpeTrainer(
        vocab_size=460, min_frequency=1, show_progress=False, limit_alphabet=60,
        special_tokens=specials + [f"<0x{b:02X}>" for b in range(256)], initial_alphabet=["▁"],
    )
    t.train_from_iterator(CORPUS, trainer)
    content = json.loads(t.to_str())
    content["pre_tokenizer"] = None
    content["added_tokens"] = [a | {"special": True, "normalized": False} for a in content["added_tokens"] if a["content"] in specials + ["<|endoftext|>"]]
    content["decoder"] = json.loads(decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0),
    ]).__getstate__())
    return content


def families():
    yield "llama3", bytes_by(LLAMA3, None, ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], ignore_merges=True)
    yield "qwen2", bytes_by(QWEN2, normalizers.NFC(), ["<|im_start|>", "<|im_end|>"])
    llama2 = pieces()
    yield "llama2", llama2
    old = copy.deepcopy(llama2)  # the first conversions looked for special tokens in the normalized text
    for a in old["added_tokens"]:
        a["normalized"] = True
    yield "llama2-normalized", old
    yield "llama2-across-words", pieces(words_apart=False)
    lacking = copy.deepcopy(llama2)  # some bytes are not there, so that characters are unknown
    for b in [0xE6, 0xF0, 0x0A]:
        del lacking["model"]["vocab"][f"<0x{b:02X}>"]
    yield "llama2-lacking-bytes", lacking
    apart = copy.deepcopy(lacking)
    apart["model"]["fuse_unk"] = False
    yield "llama2-unfused", apart
    gemma = pieces(words_apart=False)
    gemma["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    gemma["decoder"] = {"type": "Sequence", "decoders": gemma["decoder"]["decoders"][:3]}
    for name, split in [("gemma", " "), ("gemma-words-apart", "▁")]:
        gemma["pre_tokenizer"] = {"type": "Split", "pattern": {"String": split}, "behavior": "MergedWithPrevious", "invert": False}
        yield name, copy.deepcopy(gemma)
    for scheme in ["first", "always", "never"]:
        mistral = copy.deepcopy(llama2)
        mistral["normalizer"] = None
        mistral["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": scheme == "always"}
        if scheme != "first":
            mistral["decoder"] = mistral["pre_tokenizer"]
        yield f"mistral-{scheme}", mistral


base = json.load(open("trained/tokenizer.json"))
os.makedirs("golden", exist_ok=True)
for name, content in [*variants(base), *families()]:
    tokenizer = Tokenizer.from_str(json.dumps(content))
    rows = []
    for text in CASES:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        # Hugging Face's does not know a special token again when it was looked for in normalized text.
        decoded = None if name == "llama2-normalized" else tokenizer.decode(ids)
        rows.append({"text": text, "ids": ids, "decoded": decoded})
    with open(f"golden/{name}.json", "w") as f:
        f.write('{"tokenizer": ' + json.dumps(content, ensure_ascii=False) + ',\n"cases": [\n')
        f.write(",\n".join(json.dumps(row) for row in rows) + "\n]}\n")
