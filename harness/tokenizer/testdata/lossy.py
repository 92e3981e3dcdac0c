"""Writes lossy.json, which text_test.go compares with: ids that are no text, and what
Hugging Face's tokenizers 0.23.3 make of them. Needs trained/tokenizer.json. Run it in this
folder.
"""
import json
import random

from tokenizers import Tokenizer, decoders, models

STREAM = random.Random(1)
PARTS = [b"a", b" ", "é".encode(), "日".encode(), "😀".encode(), b"\xe6", b"\xe6\x97", b"\xf0\x9f", b"\xf0\x9f\x98", b"\x80", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe0\x80", b"\xf4\x90", b"\xc3"]
texts = PARTS + [b"".join(STREAM.choice(PARTS) for _ in range(STREAM.randrange(1, 7))) for _ in range(120)]

trained = Tokenizer.from_file("trained/tokenizer.json")
# GPT-2's table: printable bytes as they are, the others from U+0100 on.
printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
others = [b for b in range(256) if b not in printable]
level = [trained.token_to_id(chr(b) if b in printable else chr(256 + others.index(b))) for b in range(256)]

vocab = {"<unk>": 0, "a": 1, "▁": 2, "▁a": 3} | {f"<0x{b:02X}>": b + 4 for b in range(256)}
fallback = Tokenizer(models.BPE(vocab, [("▁", "a")], byte_fallback=True, unk_token="<unk>"))
fallback.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])

rows = {"fallback": json.loads(fallback.to_str()), "rows": []}
for text in texts:
    ids = [level[b] for b in text]
    bytes_ids = [vocab["▁a"]] * STREAM.randrange(2) + [b + 4 for b in text] + [vocab["a"]] * STREAM.randrange(2)
    rows["rows"].append({"ids": ids, "text": trained.decode(ids), "fallback_ids": bytes_ids, "fallback_text": fallback.decode(bytes_ids)})
with open("lossy.json", "w") as f:
    json.dump(rows, f)
    f.write("\n")
