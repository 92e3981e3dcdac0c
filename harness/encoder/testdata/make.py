"""Makes tiny random classifiers of sentence pairs, one of each family, and what transformers says of texts.

    pip install torch==2.15.0 transformers==5.24.0 tokenizers==0.23.3 sentencepiece==0.2.3 safetensors==0.8.0 zstandard==0.25.0
    python make.py

writes bert, roberta and deberta beside this script, each a folder in Hugging Face layout with golden.json:
of each text its ids (as they stand in tokenizer.json, read by the library tokenizers) and what some layers
say at its first and last position; of each pair its ids and logits. Each row is computed alone, in float32.
buckets.json has the buckets of relative positions of DeBERTa-v3's sizes. Tokenizers are trained on the first
synopses of experiments/data.
"""

import io
import json
import pathlib
import tempfile

import sentencepiece
import torch
import zstandard
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig, BertForSequenceClassification, DebertaV2Config, DebertaV2ForSequenceClassification, RobertaConfig,
    RobertaForSequenceClassification,
)
from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

HERE = pathlib.Path(__file__).parent
TEXTS = [
    "",
    "library for reading and writing files",
    "  A small tool,   with spaces\tand a tab. ",
    "Ein Müller's ﬁle — ½ of it, naïve & ＦＵＬＬ width",
    "unknown 漢字 and 🙂 signs",
    "development files (headers) for the graphical interface of the documentation of the library and for its tools",
]
PAIRS = [(TEXTS[1], TEXTS[5]), (TEXTS[5], TEXTS[1]), (TEXTS[3], TEXTS[4]), (TEXTS[2], ""), (TEXTS[5], TEXTS[5] + " " + TEXTS[3])]
LABELS = {"id2label": {0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"}, "label2id": {"CONTRADICTION": 0, "NEUTRAL": 1, "ENTAILMENT": 2}}


def corpus():
    texts = []
    with zstandard.open(HERE / "../../../experiments/data/debian-descriptions/train.jsonl.zst", "rt", encoding="utf-8") as f:
        for line in f:
            texts.append(json.loads(line)["reference"])
            if len(texts) == 600:
                return texts


def wordpiece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t.train_from_iterator(corpus(), trainers.WordPieceTrainer(vocab_size=260, special_tokens=special))
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return t, {"tokenizer_class": "BertTokenizer", "model_max_length": 32, "do_lower_case": True,
               "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"}


def bytelevel():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    t.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=340, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    return t, {"tokenizer_class": "RobertaTokenizer", "model_max_length": 32, "add_prefix_space": False, "bos_token": "<s>", "eos_token": "</s>",
               "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}


def unigram():
    """A unigram vocabulary of SentencePiece, written as transformers 4 writes DeBERTa-v3's tokenizer.json.

    The rules of normalization are few, so that their map is small."""
    with tempfile.TemporaryDirectory() as folder:
        rules = pathlib.Path(folder) / "rules.tsv"
        table = {"ﬁ": "fi", "½": "1⁄2", "—": "-", "\u00a0": " ", "\t": " ", "\u0301": "", "e\u0301": "é", "ü": "ue"}
        table.update({chr(0xFF01 + i): chr(0x21 + i) for i in range(94)})
        code = lambda text: " ".join(f"{ord(c):X}" for c in text)
        rules.write_text("".join(f"{code(a)}\t{code(b)}\n" for a, b in table.items()))
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(corpus()), model_writer=model, vocab_size=250, model_type="unigram", normalization_rule_tsv=str(rules),
            pad_id=0, bos_id=1, eos_id=2, unk_id=3, pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]",
            num_threads=1, minloglevel=2)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    t = Tokenizer(models.Unigram([(p.piece, p.score) for p in proto.pieces], unk_id=3, byte_fallback=False))
    t.normalizer = normalizers.Sequence([
        normalizers.Strip(), normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    t.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    t.add_special_tokens(["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"])
    t.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    return t, {"tokenizer_class": "DebertaV2Tokenizer", "model_max_length": 32, "bos_token": "[CLS]", "eos_token": "[SEP]",
               "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"}


def make(to, tokenizer, config, model_class, **settings):
    folder = HERE / to
    folder.mkdir(exist_ok=True)
    t, declared = tokenizer()
    t.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(declared, indent=1) + "\n")
    torch.manual_seed(5)
    model = model_class(config(
        vocab_size=t.get_vocab_size(), hidden_size=24, intermediate_size=32, num_hidden_layers=3, num_attention_heads=3, **LABELS, **settings)).eval()
    for name, parameter in model.named_parameters():
        # Large enough that each part shows in the logits.
        parameter.data = torch.randn_like(parameter) * 0.25
        if name.endswith("LayerNorm.weight"):
            parameter.data += 1
    model.save_pretrained(folder)

    def row(text, pair=None):
        e = t.encode(text, pair)
        given = {"input_ids": torch.tensor([e.ids]), "attention_mask": torch.ones(1, len(e.ids), dtype=torch.long)}
        if settings.get("type_vocab_size", 2) == 2:
            given["token_type_ids"] = torch.tensor([e.type_ids])
        with torch.no_grad():
            return e.ids, model(**given, output_hidden_states=True)

    golden = {"texts": [], "pairs": []}
    t.enable_truncation(declared["model_max_length"])
    for text in TEXTS:
        ids, out = row(text)
        layers = {str(k): [out.hidden_states[k][0, at].tolist() for at in (0, -1)] for k in (2, 3)}
        golden["texts"].append({"text": text, "ids": ids, "layers": layers})
    t.enable_truncation(30)
    for a, b in PAIRS:
        ids, out = row(a, b)
        golden["pairs"].append({"first": a, "second": b, "ids": ids, "logits": out.logits[0].tolist()})
    (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n")


make("bert", wordpiece, BertConfig, BertForSequenceClassification, max_position_embeddings=32)
make("roberta", bytelevel, RobertaConfig, RobertaForSequenceClassification, max_position_embeddings=34, type_vocab_size=1,
     pad_token_id=1, bos_token_id=0, eos_token_id=2, layer_norm_eps=1e-5)
make("deberta", unigram, DebertaV2Config, DebertaV2ForSequenceClassification, max_position_embeddings=32, type_vocab_size=0,
     relative_attention=True, position_buckets=8, norm_rel_ebd="layer_norm", share_att_key=True, pos_att_type="p2c|c2p",
     position_biased_input=False, pooler_hidden_size=24)
distances = list(range(-600, 601))
buckets = make_log_bucket_position(torch.tensor(distances), 256, 512).long().tolist()
(HERE / "buckets.json").write_text(json.dumps({"first": distances[0], "buckets": buckets}) + "\n")
