"""Tokens of real text a second of our MLE beside TRL's SFTTrainer, SmolLM2-135M, f32, batches of 8.

mle-full   AdamW on all parameters
mle-lora   AdamW on adapters of rank 16 on all linear layers

Both sides go once through the same dialogues of real lengths, the loss on the summaries alone; the
first step is not timed.
"""
import sys

import turns

parser = turns.parser(__doc__)
parser.add_argument("--steps", type=int, default=8, help="timed steps (default 8)")
turns.training(parser)
args = parser.parse_args()
bench = turns.Bench(args)
BATCH = 8
texts = bench.inputs("train", BATCH * (args.steps + 1))["texts"]

for name, lora in ("mle-full", False), ("mle-lora", True):
    if not bench.wanted(name):
        continue
    job = {"kind": "mle", "texts": texts, "batch": BATCH, "steps": args.steps, "learning_rate": 1e-4, "lora": lora, "checkpointing": args.checkpointing, "bf16": args.bf16}
    # Adapters start at zero, so with them too the first loss is the model's own.
    first = job | {"texts": texts[:BATCH], "steps": 0}
    ours, peer = bench.ours(first | {"kind": "loss"})["loss"], bench.peer("peer_mle.py", first)["loss"]
    print(f"{name}: loss of the same batch at step 1: ours {ours:.5f}, peer {peer:.5f}", flush=True)
    near = 1e-2 if args.bf16 else 1e-3
    if abs(ours - peer) > near:
        sys.exit(f"{name}: the losses differ by more than {near}")
    bench.turns(name, "peer_mle.py", job, "tokens/s", turns.same_total)
