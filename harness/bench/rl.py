"""RL steps a minute of our PPO beside TRL's RLOOTrainer, SmolLM2-135M, f32.

rl-step   4 prompts of real lengths, 4 samples of 48 tokens each, KL to a reference, one update

The reward is the share of a response's tokens that differ from one another; the first step is not
timed.
"""
import turns

parser = turns.parser(__doc__)
parser.add_argument("--steps", type=int, default=2, help="timed steps (default 2)")
turns.training(parser)
args = parser.parse_args()
bench = turns.Bench(args)
PROMPTS, SAMPLES, TOKENS = 4, 4, 48
inputs = bench.inputs("train", PROMPTS * (args.steps + 1))
job = {
    "kind": "rl", "texts": inputs["texts"], "end": inputs["never"], "batch": PROMPTS, "samples": SAMPLES, "max_tokens": TOKENS,
    "steps": args.steps, "kl": 0.05, "learning_rate": 1e-6, "checkpointing": args.checkpointing, "bf16": args.bf16,
}


def same_total(ours, peer):
    turns.same_total(ours, peer)
    assert ours["total"] == (args.steps + 1) * PROMPTS * SAMPLES * TOKENS, "not all responses have 48 tokens"


bench.turns("rl-step", "peer_rl.py", job, "steps/s", same_total)
