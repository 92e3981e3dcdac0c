"""Writes the ids of many texts, which golden_test.go and benchmark.py compare with.

    pip install tokenizers==0.23.3
    python encode.py FOLDER FILE... > ids.jsonl
    LASTMILE_TOKENIZER=FOLDER LASTMILE_TOKENIZER_IDS=ids.jsonl go test -count 1 -v -run OnFiles lastmile/harness/tokenizer

FOLDER holds a tokenizer.json. FILES are JSON lines, .gz or not, of which every string is a text
of its own and so is each string of a list. Without files, the texts are random.
"""
import gzip
import json
import random
import sys

from tokenizers import Tokenizer


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for v in value.values() if isinstance(value, dict) else value:
            yield from strings(v)


def texts(files):
    for name in files:
        with (gzip.open if name.endswith(".gz") else open)(name, "rt", encoding="utf-8") as f:
            for line in f:
                yield from strings(json.loads(line))


def random_texts(tokenizer, n):
    """Texts of characters of all kinds, with the added tokens among them."""
    stream = random.Random(1)
    added = [t.content for t in tokenizer.get_added_tokens_decoder().values()]
    common = list("etaoinshrdlu'ſ      \n\r\t.,!?0123456789▁") + ["'s", "'LL", "  ", "\n\n", "\u0301", "\u0323"]

    def character():
        kind = stream.randrange(20)
        if kind < 12:
            return stream.choice(common)
        if kind == 12 and added:
            return stream.choice(added)
        low, high = stream.choice([(0, 0x300), (0x300, 0x3000), (0x3000, 0xD800), (0xE000, 0x20000), (0x20000, 0x34000), (0x300, 0x370), (0x1F300, 0x1FA00)])
        return chr(stream.randrange(low, high))

    for _ in range(n):
        yield "".join(character() for _ in range(stream.randrange(1, 60)))


if __name__ == "__main__":
    tokenizer = Tokenizer.from_file(sys.argv[1] + "/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    for text in texts(sys.argv[2:]) if len(sys.argv) > 2 else random_texts(tokenizer, 20000):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        print(json.dumps({"text": text, "ids": ids, "decoded": tokenizer.decode(ids)}))
