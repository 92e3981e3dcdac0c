"""TRL's RLOOTrainer on a job of RL: the same prompts, samples, lengths, KL and reward as ours."""
import datasets
from peer import SETTINGS, Clock, job, load, report, tokenizer
from trl import RLOOConfig, RLOOTrainer

model, tokens = load(), tokenizer()
# The end token is one that is never said, so that all responses have the same length.
tokens.eos_token = tokens.convert_ids_to_tokens(job["end"])
model.generation_config.eos_token_id = job["end"]
total = 0


def distinct(completion_ids, **_):
    """The reward of both sides: the share of a response's tokens that differ from one another."""
    global total
    total += sum(map(len, completion_ids))
    return [len(set(ids)) / len(ids) for ids in completion_ids]


for text in job["texts"]:
    assert tokens(text["prompt_text"])["input_ids"] == text["prompt"], "TRL's tokens are others than ours"
clock = Clock()
trainer = RLOOTrainer(
    model=model,
    reward_funcs=distinct,
    args=RLOOConfig(
        **SETTINGS, per_device_train_batch_size=job["batch"] * job["samples"], num_generations=job["samples"],
        max_completion_length=job["max_tokens"], beta=job["kl"], num_iterations=1,
    ),
    train_dataset=datasets.Dataset.from_list([{"prompt": t["prompt_text"]} for t in job["texts"]]),
    processing_class=tokens,
    callbacks=[clock],
)
trainer.train()
report(seconds=clock.seconds, work=job["steps"], total=total)
