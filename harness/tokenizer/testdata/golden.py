"""Writes the tokenizers and ids that golden_test.go compares with.

Needs tokenizers 0.23.3 (pip install tokenizers==0.23.3), and trained/tokenizer.json, which
`go test -run TestTrainIsStable -update` writes. Run it in this folder.
"""
import copy
import json
import os

from tokenizers import Tokenizer

CASES = [
    "", " ", "  ", "   ", "\n", "\n\n", " \n", "\n ", "\r\n\r\n", "\t", " \t \n  x", "a", " a", "a ", "a  ", "  a", "a  b", "a   b\n\n\nc",
    "trailing   ", "trailing\n", "tabs\tand\t\ttabs", "line\n  indented\n    more\n", "no\u00a0break", "a\u00a0\u00a0b", "em\u2003space \u2003x",
    "zero\u200bwidth", "\u2028line\u2029paragraph", "nel\u0085x", "mongolian\u180evowel", "\x0b\x0c\x1c\x1d\x1e\x1f", "\x00\x01\x7f", "\ufeffbom",
    "It's, it'S, IT'S, we've they'll I'm you're he'd can't 'tis '' ''s 'x '", "'ll 're 've 'LL'Ll", "don\u2019t", "x'", "rock 'n' roll",
    "0", "1 2", "123", " 123", "12  34", "1,234.5", "a1b22c333", "v2.10.3-rc1", "3   4", "x 3", "½ ² Ⅷ ① ٣ ४ 三 Ⅳ5", " ½", "1\n2", "  1", "1  ",
    "The library reads and writes archives in several formats, among them tar, zip and cpio.",
    "unknownwordsthatareverylongandhavenospacesatallinthemsothattheheapisused" * 3, "=" * 200, "-" * 81 + "x", "ab" * 100,
    "!?!?...", "(a)[b]{c}", "a-b_c+d", "e-mail: a.b@c.de; https://x.y/z?q=1&r=%20", "C++, C#, F#", "$5 €6 £7", "def f(x):\n\treturn x**2  # ok\n",
    "Naïve café", "nai\u0308ve cafe\u0301", "e\u0301\u0302\u0303", " \u0301", "\u0301a", "Ǆ ǅ ǆ ʰ ª º", "ﬁ ﬂ", "ß ẞ İ ı",
    "日本語の文書を読み書き", "한국어 문장", "中文，标点。", "ไทย ภาษา", "हिन्दी में", "العربية ١٢٣", "עברית", "Ελληνικά", "Русский",
    "😀", "😀😀", " 😀", "a😀b", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪🇫🇷", "❤️", "1️⃣", "\U0001d7ce\U0001d7d8 \U0001d400\U0001d401", "\U00020000\U0002a6df", "\U000e0061", "\U0010ffff", "\uffff\ufffd",
    "<|endoftext|>", "a<|endoftext|>b", "a <|endoftext|> b", "<|endoftext|><|endoftext|>", " <|endoftext|>", "<|endoftext|", "<|endoftext|>>", "<<|endoftext|>",
    "<|pad|><|endoftext|>", "x<|pad|> y", "<|PAD|>", "1<|pad|>2",
    "left  <left>  x", "<left><left>", "  <left>", "right <right>  x\n y", "<right>  <left>", "<both>", " a  <both>  b ", "\n<both>\n<both>\n",
    "word", "a word b", "swords", "word.", "_word", "wordé", "word1", "wordword", "word word", "naming name names", "NAME", "a<n>b", "<n>1", "é<b>", "two words here",
]


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


base = json.load(open("trained/tokenizer.json"))
os.makedirs("golden", exist_ok=True)
for name, content in variants(base):
    tokenizer = Tokenizer.from_str(json.dumps(content))
    rows = []
    for text in CASES:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        rows.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids)})
    with open(f"golden/{name}.json", "w") as f:
        f.write('{"tokenizer": ' + json.dumps(content, ensure_ascii=False) + ',\n"cases": [\n')
        f.write(",\n".join(json.dumps(row) for row in rows) + "\n]}\n")
