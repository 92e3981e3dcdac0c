"""TRL's SFTTrainer on a job of MLE: prompt and completion as text, loss on the completion alone."""
import datasets
from peer import SETTINGS, Clock, job, load, report, tokenizer
from peft import LoraConfig
from trl import SFTConfig, SFTTrainer

texts = job["texts"]
clock = Clock()
trainer = SFTTrainer(
    model=load(),
    args=SFTConfig(**SETTINGS, per_device_train_batch_size=job["batch"], max_length=None),
    train_dataset=datasets.Dataset.from_list([{"prompt": t["prompt_text"], "completion": t["response_text"]} for t in texts]),
    processing_class=tokenizer(),
    peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM") if job["lora"] else None,
    callbacks=[clock],
)
for row, text in zip(trainer.train_dataset, texts, strict=True):
    assert row["input_ids"] == text["prompt"] + text["response"], "TRL's tokens are others than ours"
    assert [i for i in row["labels"] if i != -100] == text["response"], "TRL's loss is on other tokens than ours"

# The loader is a batch ahead of the step, so each batch's tokens are kept.
counts, collate = [], trainer.data_collator
def counting(rows):
    batch = collate(rows)
    counts.append(sum(len(row["input_ids"]) for row in rows))
    return batch
trainer.data_collator = counting

trainer.train()
losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
report(seconds=clock.seconds, work=sum(counts[1:]), total=sum(counts), loss=losses[0])
