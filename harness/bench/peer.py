"""What the peers share: reading the job, loading the model, writing the result, and the clock of a trainer."""
import json
import pathlib
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback

job = json.loads(pathlib.Path(sys.argv[1]).read_text())
torch.set_num_threads(job["threads"])
torch.manual_seed(job["seed"])


def load():
    return AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32).to(job["device"])


def tokenizer():
    return AutoTokenizer.from_pretrained(job["model"])


def report(**result):
    pathlib.Path(sys.argv[2]).write_text(json.dumps(result))


class Clock(TrainerCallback):
    """Runs from the end of a trainer's first step to the end of its last."""

    def on_step_end(self, args, state, control, **kwargs):
        if job["device"] != "cpu":
            torch.cuda.synchronize()
        if state.global_step == 1:
            self.start = time.perf_counter()
        self.seconds = time.perf_counter() - self.start


# A trainer's settings in all benchmarks: plain f32 AdamW at a constant rate, and nothing written.
# Gradient checkpointing, TRL's default, saves memory that is there and costs time.
SETTINGS = dict(
    output_dir=str(pathlib.Path(sys.argv[2]).parent / "trainer"),
    use_cpu=job["device"] == "cpu", bf16=job.get("bf16", False), gradient_checkpointing=job.get("checkpointing", False), seed=job["seed"],
    learning_rate=job.get("learning_rate"), lr_scheduler_type="constant", max_steps=job.get("steps", 0) + 1, max_grad_norm=1.0,
    logging_steps=1, report_to="none", save_strategy="no", disable_tqdm=True,
)
