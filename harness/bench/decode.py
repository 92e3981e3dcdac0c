"""New tokens a second of our decoding beside transformers' generate, SmolLM2-135M, f32.

generate16   16 dialogues' prompts of at most 256 tokens, 48 sampled tokens each, all at once
generate1    the same one by one
greedy-dev   DialogSum's dev set in the model's chat template, greedily, until each ends or has 64
             tokens, in batches of 16
"""
import sys

import turns

parser = turns.parser(__doc__)
parser.add_argument("--dialogues", type=int, default=500, help="dialogues of greedy-dev (default 500, all)")
args = parser.parse_args()
bench = turns.Bench(args)
UNIT = "new tokens/s"


def all_have_48(ours, peer):
    for side, result in ("ours", ours), ("peer", peer):
        if any(len(r) != 48 for r in result["responses"]):
            sys.exit(f"{side}: not all responses have 48 tokens")


def same_texts(ours, peer):
    a, b = ours["responses"], peer["responses"]
    equal = sum(x == y for x, y in zip(a, b, strict=True)) / len(a)
    print(f"greedy-dev: {100 * equal:.1f} % of the texts are equal; {ours['total']} new tokens by ours, {peer['total']} by the peer", flush=True)
    if equal < 0.99:
        sys.exit("greedy-dev: less than 99 % of the texts are equal")


inputs = bench.inputs("dev", 16, cut=256)
job = {"kind": "decode", "texts": inputs["texts"], "end": inputs["never"], "max_tokens": 48, "greedy": False}
for name, batch in ("generate16", 16), ("generate1", 1):
    if bench.wanted(name):
        bench.turns(name, "peer_decode.py", job | {"batch": batch}, UNIT, all_have_48)
if bench.wanted("greedy-dev"):
    inputs = bench.inputs("dev", args.dialogues, prompt="chat")
    job = {"kind": "decode", "texts": inputs["texts"], "end": inputs["end"], "max_tokens": 64, "greedy": True, "batch": 16}
    bench.turns("greedy-dev", "peer_decode.py", job, UNIT, same_texts)
