"""Makes a tiny random checkpoint and what transformers says it gives.

    pip install torch transformers safetensors
    python make_golden.py

writes golden/config.json, golden/model.safetensors and golden/scores.json
beside this script. Made with torch 2.15.0 and transformers 5.23.0.
"""

import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification

FOLDER = pathlib.Path(__file__).parent / "golden"

torch.manual_seed(1)
config = BertConfig(
    vocab_size=50,
    hidden_size=24,
    intermediate_size=40,
    num_hidden_layers=3,
    num_attention_heads=4,
    max_position_embeddings=16,
    type_vocab_size=2,
    hidden_act="gelu",
    num_labels=1,
    pad_token_id=0,
    attn_implementation="eager",
)
model = BertForSequenceClassification(config).eval()
# Large enough that each part of the network shows in the scores.
for name, parameter in model.named_parameters():
    parameter.data = torch.randn_like(parameter) * 0.3
    if name.endswith("LayerNorm.weight"):
        parameter.data += 1

# Rows of (tokens of type 0, tokens of type 1), filled up with token 0.
rows = [([3, 7, 9, 3], [11, 3]), ([3, 3], [49, 48, 47, 46, 45, 44, 3]), ([3, 5, 6, 7, 8, 9, 10, 3], [12, 12, 12, 12, 12, 12, 12, 3])]
length = max(len(a) + len(b) for a, b in rows)
ids, types, mask, positions = [], [], [], []
for a, b in rows:
    fill = length - len(a) - len(b)
    ids.append(a + b + [0] * fill)
    types.append([0] * len(a) + [1] * len(b) + [0] * fill)
    mask.append([1] * (len(a) + len(b)) + [0] * fill)
    positions.append(list(range(len(a))) + list(range(1, len(b) + 1)) + [0] * fill)


def scores(**more):
    with torch.no_grad():
        return model(
            input_ids=torch.tensor(ids),
            token_type_ids=torch.tensor(types),
            attention_mask=torch.tensor(mask),
            **more,
        ).logits[:, 0].double().tolist()



FOLDER.mkdir(exist_ok=True)
save_file({k: v.contiguous() for k, v in model.state_dict().items()}, FOLDER / "model.safetensors")
values = config.to_dict()
values["architectures"] = ["BertForSequenceClassification"]
(FOLDER / "config.json").write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")
(FOLDER / "scores.json").write_text(
    json.dumps(
        {
            "rows": [{"first": a, "second": b} for a, b in rows],
            "scores": scores(),
            "restarted": scores(position_ids=torch.tensor(positions)),
        },
        indent=2,
    )
    + "\n"
)
