"""Whether our peak memory stays what it was: the same work again and again, ours alone.

flat-decode   16 prompts of at most 256 tokens, 48 sampled tokens each, 11 times: 528 decode steps
flat-train    50 training steps on one batch of 8
"""
import turns

parser = turns.parser(__doc__)
args = parser.parse_args()
bench = turns.Bench(args)
BATCH, STEPS = 8, 50
short, real = bench.inputs("dev", 16, cut=256), bench.inputs("train", BATCH)
jobs = {
    "flat-decode": {"kind": "decode", "texts": short["texts"] * 11, "end": short["never"], "max_tokens": 48, "greedy": False, "batch": 16},
    "flat-train": {"kind": "mle", "texts": real["texts"], "batch": BATCH, "steps": STEPS, "learning_rate": 1e-5, "lora": False},
}
for name, job in jobs.items():
    if bench.wanted(name):
        result = bench.ours(job)
        print(f"{name}: {result['tenth']:.0f} MB after a tenth, {result['end']:.0f} MB at the end, {100 * (result['end'] / result['tenth'] - 1):+.1f} %", flush=True)
