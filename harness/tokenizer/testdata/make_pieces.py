"""Writes the tokenizers of encoders, and the ids that pieces_test.go compares with.

    pip install tokenizers==0.23.3 sentencepiece==0.2.1
    python make_pieces.py

trains small vocabularies on corpus.txt and writes pieces/NAME/ for each kind: the
tokenizer's own files, and golden.json with texts and their ids.
"""
import io
import json
import pathlib
import random

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from tokenizers.implementations import BertWordPieceTokenizer

HERE = pathlib.Path(__file__).parent
CORPUS = (HERE / "corpus.txt").read_text().splitlines()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

TEXTS = [
    "", " ", "  \t\n ", "a", " a ", "The library reads and writes archives.", "tar,zip;cpio!", "don't can\u2019t it's", "x_y a-b c+d = $5 ^ `z` ~q| <b>",
    "UPPER Case İSTANBUL ıI ẞß ŒœÆ ǅ Σς ΑΣ", "naïve café Ångström ﬁne", "nai\u0308ve cafe\u0301 e\u0301\u0302\u0303x", "\u0301a \u0308 b\u0327",
    "日本語の文書を読む", "中文，标点。", "漢\U00020000字", "한국어 문장", "ไทย ภาษา", "हिन्दी में", "العربية ١٢٣", "עִבְרִית", "Ελληνικά", "Русский Ёж й",
    "a\u200bb\u200dc\ufeffd\u00ade", "a\u0000b\ufffdc", "nul\x01\x1f\x7f\x85end", "no\u00a0break \u2003em \u2028line\u2029par \u3000full", "\ue000 private \U000f0000",
    "😀 👍🏽 👨‍👩‍👧‍👦 ❤️ 🇩🇪", "½ ² Ⅷ ① ٣ ４５ ㎏ ㍿ ﷺ", "“quotes” «so» ‘x’ – — … ¿¡ § ¶ † ‰ № € ± × ÷ ← ∑", "ＦＵＬＬ ｗｉｄｔｈ ｶﾞｷﾞ",
    "w" * 100, "w" * 101, "w" * 300, "[CLS] a [SEP] b[PAD]c [MASK]", "[cls] [ CLS ] [UNK]", "a [MASK], b", "▁a ▁▁ b", "a  b   c    d", " two  leading", "trailing  ",
    "``quoted'' text", "http://x.y/z?q=1&r=%20 a.b@c.de C++ v2.10.3-rc1", "unknown ☃☃☃ things ☃ ☃x", "<user> tag <user><user>x", "x<user",
    "1,234.5 3.14 1st", "e.g. i.e. U.S.A.", "tab\tnew\nline\r\nend", "a\u0300\u0301\u0302\u0303\u0304b", "ᄒ\u1161\u11ab ᄀ\u1161", "가각힣", "ǆ ﬀ ﬃ ﬆ ſ", "\u1e9b\u0323",
]
stream = random.Random(1)
TEXTS += CORPUS
for line in CORPUS:
    letters = list(line)
    for _ in range(6):
        letters[stream.randrange(len(letters))] = stream.choice("ÄÖÜéèñçøåßİ中，。!?-_ \u00a0\u0301\u200d😀☃ＡＢ１ﬁ")
    TEXTS.append("".join(letters))
TEXTS += ["".join(chr(stream.choice([stream.randrange(32, 0x250), stream.randrange(0x300, 0x3000), stream.randrange(0x3000, 0xa000)])) for _ in range(30)) for _ in range(40)]


def write(name, files, ids, texts=TEXTS):
    folder = HERE / "pieces" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    rows = ",\n".join(json.dumps({"text": text, "ids": ids(text)}) for text in texts)
    (folder / "golden.json").write_text("[\n" + rows + "\n]\n")


def hugging_face(name, tokenizer, config=None):
    files = {"tokenizer.json": tokenizer.to_str()}
    if config:
        files["tokenizer_config.json"] = json.dumps(config)
    write(name, files, lambda text: tokenizer.encode(text, add_special_tokens=False).ids)


# WordPiece
base = BertWordPieceTokenizer()
base.train_from_iterator(CORPUS * 3, vocab_size=320, min_frequency=1, show_progress=False, special_tokens=SPECIAL)
vocabulary = base.get_vocab()
for token in ["é", "##é", "ü", "日", "本", "i\u0307", "##中", "☃", "😀", "ß", "σ", "##ς"]:  # characters that tell the settings apart
    vocabulary.setdefault(token, len(vocabulary))


def wordpiece(**settings):
    t = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = normalizers.BertNormalizer(**settings)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.add_special_tokens(SPECIAL)
    return t


uncased = dict(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
hugging_face("wordpiece-uncased", wordpiece(**uncased))
hugging_face("wordpiece-cased", wordpiece(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=False))
hugging_face("wordpiece-accents", wordpiece(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=True))
lines = "\n".join(sorted(vocabulary, key=vocabulary.get)) + "\n"
plain = wordpiece(clean_text=True, handle_chinese_chars=False, strip_accents=True, lowercase=False)
write(
    "wordpiece-vocab-txt",
    {"vocab.txt": lines, "tokenizer_config.json": json.dumps({"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False})},
    lambda text: plain.encode(text, add_special_tokens=False).ids,
)

# SentencePiece: Unigram with a few rules of its own, so that the map of characters is small.
rules = {
    "\u00a0": " ", "\u3000": " ", "\u2003": " ", "\t": " ", "\n": " ", "\u200b": "", "\u00ad": "", "\ufeff": "", "Ａ": "A", "Ｂ": "B", "１": "1", "ﬁ": "fi", "e\u0301": "é",
    "…": "...", "①": "1", "ｶ": "カ", "ｶﾞ": "ガ", "㎏": "kg", "ᄀ\u1161": "가", "ᄒ\u1161\u11ab": "한", "½": "1⁄2", "`": "'", "a\u0300": "à", "❤": "♥",
}
tsv = HERE / "rules.tsv"
tsv.write_text("".join(" ".join(f"{ord(c):X}" for c in a) + "\t" + " ".join(f"{ord(c):X}" for c in b) + "\n" for a, b in sorted(rules.items())))


def sentence_piece(**settings):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS * 3), model_writer=model, model_type="unigram", vocab_size=180, hard_vocab_limit=False,
        pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, pad_piece="[PAD]", unk_piece="[UNK]", control_symbols=["[CLS]", "[SEP]", "[MASK]"],
        user_defined_symbols=["<user>"], normalization_rule_tsv=str(tsv), num_threads=1, minloglevel=2, **settings,
    )
    return model.getvalue()


def sentence_piece_ids(model):
    """Ids as a tokenizer of transformers gives them: special tokens are cut out of the text."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    special = Tokenizer(models.WordLevel({t: i for i, t in enumerate(SPECIAL)} | {"x": 9}, unk_token="x"))
    special.add_special_tokens(SPECIAL)

    def ids(text):
        out, rest = [], text
        while rest:
            places = [(rest.find(t), t) for t in SPECIAL if t in rest]
            if not places:
                break
            at, token = min(places)
            out += processor.encode(rest[:at]) + [processor.piece_to_id(token)]
            rest = rest[at + len(token):]
        return out + processor.encode(rest)

    return ids


# In a long run of one character the order of the pieces hangs on float32's rounding.
untied = [text for text in TEXTS if "=====" not in text]
model = sentence_piece()
write("sentencepiece", {"spm.model": model}, sentence_piece_ids(model), untied)
loose = sentence_piece(remove_extra_whitespaces=False, add_dummy_prefix=False)
write("sentencepiece-spaces", {"spiece.model": loose}, sentence_piece_ids(loose), untied)
tsv.unlink()


# Unigram in a tokenizer.json, with the map of characters of the model above.
def fields(message):
    """(number, value) of each field of a protobuf message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            yield tag >> 3, varint()
        else:
            size = {1: 8, 5: 4}.get(kind) or varint()
            yield tag >> 3, message[at : at + size]
            at += size


charsmap = next(v for n, v in fields(next(v for n, v in fields(model) if n == 3)) if n == 2)
processor = sentencepiece.SentencePieceProcessor(model_proto=model)
vocab = [(processor.id_to_piece(i), processor.get_score(i)) for i in range(processor.get_piece_size())]


def unigram(normalizer, pre_tokenizer):
    t = Tokenizer(models.Unigram(vocab, unk_id=1, byte_fallback=False))
    t.normalizer, t.pre_tokenizer = normalizer, pre_tokenizer
    t.add_special_tokens([AddedToken(s, normalized=False) for s in SPECIAL])
    t.add_tokens([AddedToken("<user>", normalized=True)])
    return t


rembert = [normalizers.Replace("``", '"'), normalizers.Replace("''", '"'), normalizers.Precompiled(charsmap)]
spaces = normalizers.Replace(Regex(" {2,}"), " ")
hugging_face("unigram", unigram(normalizers.Sequence(rembert + [spaces]), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")))
hugging_face(
    "unigram-lower",
    unigram(
        normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip(), spaces]),
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]),
    ),
)
hugging_face("unigram-whole", unigram(normalizers.NFKC(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="never", split=False)))

# DeBERTa-v3's, as transformers 4 and 5 make them.
always = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
hugging_face("unigram-deberta", unigram(normalizers.Sequence([normalizers.Strip(), normalizers.Precompiled(charsmap), spaces]), always))
hugging_face(
    "unigram-deberta5",
    unigram(
        normalizers.Sequence([normalizers.Replace(Regex(r"\s{2,}|[\n\r\t]"), " "), normalizers.NFC(), normalizers.Strip(left=False, right=True)]),
        pre_tokenizers.Sequence([always]),
    ),
)
