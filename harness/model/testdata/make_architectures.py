"""Writes architectures/, which architectures_test.go compares with: a tiny random model of each
architecture that is supported, and the logits that transformers gives for some tokens; of some also
the gradients of their mean negative log-likelihood. And adapters/, which lora_test.go compares with:
random adapters of some of these models, and the logits that PEFT gives with them.

Needs torch, transformers 5.24.0 and, for adapters, peft 0.21.2. Run it in this folder. With names of models as its arguments it
writes only those; with a folder of SmolLM2-135M it writes smollm2.json instead, with some logits of
that.
"""
import json
import os
import pathlib
import shutil
import sys
import zlib

os.environ["CUDA_VISIBLE_DEVICES"] = ""
import torch
from safetensors.torch import save_file
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config, GemmaConfig, GemmaForCausalLM, Gemma2ForCausalLM, Gemma2ForSequenceClassification, Gemma3ForCausalLM, Gemma3TextConfig, Gemma3TextForSequenceClassification,
    GPTNeoXConfig, GPTNeoXForCausalLM, GPTNeoXForSequenceClassification,
    GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel, GraniteConfig, GraniteForCausalLM, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM,
    Olmo2Config, Olmo2ForCausalLM, Phi3Config, Phi3ForCausalLM, Phi3ForSequenceClassification,
    Qwen2Config, Qwen2ForCausalLM, Qwen2ForSequenceClassification, Qwen3Config, Qwen3ForCausalLM,
    SmolLM3Config, SmolLM3ForCausalLM,
)

torch.set_num_threads(1)
OUT = pathlib.Path("architectures")
ADAPTERS = pathlib.Path("adapters")
WITH_GRADIENTS = ["mistral-window", "gemma2", "gpt-neox-sequential"]
SIZES = dict(
    vocab_size=40, hidden_size=16, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    max_position_embeddings=64, initializer_range=0.4, bos_token_id=1, eos_token_id=2, pad_token_id=0,
)
GPT2 = dict(
    vocab_size=40, n_embd=16, n_layer=2, n_head=4, n_positions=64, initializer_range=0.4, bos_token_id=1, eos_token_id=2, pad_token_id=0,
)
LLAMA3 = {"rope_type": "llama3", "rope_theta": 100.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}


def randomized(model):
    """Norms start at one and biases at zero; other values show whether they are used."""
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.data.uniform_(-0.5, 0.5)
        elif parameter.dim() == 1:
            parameter.data.uniform_(0.5, 1.5)
    return model.eval()


def write(name, model, dtype=torch.float32, edit=None, **save):
    if sys.argv[1:] and name not in sys.argv[1:]:
        return
    torch.manual_seed(zlib.crc32(name.encode()))
    folder = OUT / name
    randomized(model).to(dtype).save_pretrained(folder, **save)
    if edit:
        config = json.loads((folder / "config.json").read_text())
        edit(config)
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    model = type(model).from_pretrained(folder, dtype=torch.float32).eval()
    tokens = torch.randint(3, 40, (2, 20))
    with torch.no_grad():
        logits = model(tokens).logits
    (folder / "golden.json").write_text(json.dumps({"tokens": tokens.tolist(), "logits": [round(v, 6) for v in logits.flatten().tolist()]}) + "\n")
    (folder / "generation_config.json").unlink(missing_ok=True)
    if name in WITH_GRADIENTS:
        loss = torch.nn.functional.cross_entropy(model(tokens).logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()
        save_file({name: p.grad for name, p in model.named_parameters()}, folder / "gradients.safetensors")


def write_adapter(name, modules, **more):
    """Adapters, with an effect, of the model of that name but for -lora."""
    if sys.argv[1:] and name not in sys.argv[1:]:
        return
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(zlib.crc32(name.encode()))
    base = AutoModelForCausalLM.from_pretrained(OUT / name.removesuffix("-lora"), dtype=torch.float32)
    model = get_peft_model(base, LoraConfig(r=2, lora_alpha=3, target_modules=modules, task_type="CAUSAL_LM", **more))
    for parameter_name, parameter in model.named_parameters():
        if "lora_" in parameter_name:
            parameter.data.uniform_(-0.5, 0.5)
    folder = ADAPTERS / name
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    tokens = torch.randint(3, 40, (2, 12))
    with torch.no_grad():
        logits = model.eval()(input_ids=tokens).logits
    (folder / "golden.json").write_text(json.dumps({"tokens": tokens.tolist(), "logits": [round(v, 6) for v in logits.flatten().tolist()]}) + "\n")


def old_spelling(config):
    """config.json as transformers 4 wrote it."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = rope if rope["rope_type"] != "default" else None
    config["torch_dtype"] = config.pop("dtype")


def old_gemma2(config):
    old_spelling(config)
    del config["layer_types"]
    config["hidden_act"] = config["hidden_activation"]


def old_gemma3(config):
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope["full_attention"].pop("rope_theta")
    config["rope_scaling"] = rope["full_attention"]
    config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
    config["sliding_window_pattern"] = config.pop("_sliding_window_pattern")
    del config["layer_types"]


def old_neox(config):
    rope = config.pop("rope_parameters")
    config["rotary_emb_base"], config["rotary_pct"] = rope["rope_theta"], rope["partial_rotary_factor"]


def oldest_spelling(config):
    old_spelling(config)
    config["rope_scaling"]["type"] = config["rope_scaling"].pop("rope_type")


torch.manual_seed(1)
if len(sys.argv) == 2 and pathlib.Path(sys.argv[1]).is_dir():
    model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
    tokens = torch.randint(3, 49152, (2, 48))
    with torch.no_grad():
        logits = model(tokens).logits.flatten()
    places = torch.randint(0, logits.numel(), (1000,))
    golden = {"tokens": tokens.tolist(), "places": places.tolist(), "logits": [round(v, 5) for v in logits[places].tolist()]}
    pathlib.Path("smollm2.json").write_text(json.dumps(golden) + "\n")
    sys.exit()
if not sys.argv[1:]:
    shutil.rmtree(OUT, ignore_errors=True)
    shutil.rmtree(ADAPTERS, ignore_errors=True)
write("llama3", LlamaForCausalLM(LlamaConfig(**SIZES, rope_parameters=LLAMA3, tie_word_embeddings=False)), dtype=torch.bfloat16)
write("llama3-old", LlamaForCausalLM(LlamaConfig(**SIZES, rope_parameters=LLAMA3, tie_word_embeddings=True)), edit=old_spelling)
linear = {"rope_type": "linear", "rope_theta": 50.0, "factor": 2.5}
write("llama-linear", LlamaForCausalLM(LlamaConfig(**SIZES, rope_parameters=linear, tie_word_embeddings=True)), edit=oldest_spelling)
write("llama-biases", LlamaForCausalLM(LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True)))
write("mistral", MistralForCausalLM(MistralConfig(**SIZES, head_dim=6, sliding_window=32)))
write("mistral-sharded", MistralForCausalLM(MistralConfig(**SIZES, sliding_window=None)), dtype=torch.bfloat16, max_shard_size="4KB")
write("qwen2", Qwen2ForCausalLM(Qwen2Config(**SIZES, tie_word_embeddings=True)), dtype=torch.float16)
write("qwen3", Qwen3ForCausalLM(Qwen3Config(**SIZES, head_dim=6, tie_word_embeddings=True)))
write("gpt2", GPT2LMHeadModel(GPT2Config(**GPT2)))
write("gpt2-classifier", GPT2ForSequenceClassification(GPT2Config(**GPT2, num_labels=1)))
write("qwen2-classifier", Qwen2ForSequenceClassification(Qwen2Config(**SIZES, num_labels=1)), dtype=torch.bfloat16)
write("phi3", Phi3ForCausalLM(Phi3Config(**SIZES, sliding_window=None, tie_word_embeddings=False)))
write("phi3-classifier", Phi3ForSequenceClassification(Phi3Config(**SIZES, num_labels=1)), dtype=torch.bfloat16)
write("olmo2", Olmo2ForCausalLM(Olmo2Config(**SIZES, tie_word_embeddings=False)))
write("olmo2-biases", Olmo2ForCausalLM(Olmo2Config(**SIZES, attention_bias=True, tie_word_embeddings=True)), dtype=torch.bfloat16)
GRANITE = dict(embedding_multiplier=3.0, residual_multiplier=0.6, attention_multiplier=0.7, logits_scaling=2.5)
write("granite", GraniteForCausalLM(GraniteConfig(**SIZES, **GRANITE, tie_word_embeddings=True)))
smollm3 = SIZES | dict(num_hidden_layers=4)
write("smollm3", SmolLM3ForCausalLM(SmolLM3Config(**smollm3, tie_word_embeddings=True)), dtype=torch.bfloat16)
write("smollm3-layers", SmolLM3ForCausalLM(SmolLM3Config(**SIZES, no_rope_layers=[0, 1], attention_bias=True, mlp_bias=True)))
YARN = {"rope_type": "yarn", "rope_theta": 100.0, "factor": 4.0, "original_max_position_embeddings": 16}
write("llama-yarn", LlamaForCausalLM(LlamaConfig(**SIZES, rope_parameters=YARN)))
mscale = YARN | {"beta_fast": 8.0, "beta_slow": 0.5, "mscale": 0.8, "mscale_all_dim": 0.5, "truncate": False}
write("qwen2-yarn", Qwen2ForCausalLM(Qwen2Config(**SIZES, rope_parameters=mscale)))
dynamic = {"rope_type": "dynamic", "rope_theta": 100.0, "factor": 2.0}
write("llama-dynamic", LlamaForCausalLM(LlamaConfig(**SIZES, rope_parameters=dynamic)))
write("mistral-window", MistralForCausalLM(MistralConfig(**SIZES, head_dim=6, sliding_window=6)))
write("qwen2-window", Qwen2ForCausalLM(Qwen2Config(**SIZES, use_sliding_window=True, sliding_window=5, max_window_layers=1)))
partial = {"rope_type": "default", "rope_theta": 100.0, "partial_rotary_factor": 0.5}
write("phi3-window", Phi3ForCausalLM(Phi3Config(**SIZES, sliding_window=7, rope_parameters=partial, tie_word_embeddings=True)))
smollm3 = SIZES | dict(num_hidden_layers=3, no_rope_layers=[0, 1, 0])
write("smollm3-window", SmolLM3ForCausalLM(SmolLM3Config(**smollm3, use_sliding_window=True, sliding_window=5, tie_word_embeddings=True)))
legacy = lambda config: config.update(hidden_act="gelu", hidden_activation=None)
write("gemma", GemmaForCausalLM(GemmaConfig(**SIZES, head_dim=6)), dtype=torch.bfloat16, edit=legacy)
gemma2 = SIZES | dict(head_dim=6, query_pre_attn_scalar=9, sliding_window=6)
write("gemma2", Gemma2ForCausalLM(Gemma2Config(**gemma2, attn_logit_softcapping=2.0, final_logit_softcapping=3.0)))
write("gemma2-old", Gemma2ForCausalLM(Gemma2Config(**gemma2)), dtype=torch.bfloat16, edit=old_gemma2)
uncapped = gemma2 | dict(layer_types=["full_attention"] * 2, attention_bias=True)
write("gemma2-uncapped", Gemma2ForCausalLM(Gemma2Config(**uncapped, attn_logit_softcapping=None, final_logit_softcapping=None, tie_word_embeddings=False)))
write("gemma2-classifier", Gemma2ForSequenceClassification(Gemma2Config(**gemma2, attn_logit_softcapping=2.0, num_labels=1)), dtype=torch.bfloat16)
gemma3 = SIZES | dict(num_hidden_layers=3, head_dim=6, query_pre_attn_scalar=9, sliding_window=5, sliding_window_pattern=2)
gemma3["rope_parameters"] = {
    "full_attention": {"rope_type": "linear", "rope_theta": 1000.0, "factor": 4.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 50.0},
}
write("gemma3", Gemma3ForCausalLM(Gemma3TextConfig(**gemma3)))
write("gemma3-old", Gemma3ForCausalLM(Gemma3TextConfig(**gemma3, final_logit_softcapping=5.0)), dtype=torch.bfloat16, edit=old_gemma3)
write("gemma3-classifier", Gemma3TextForSequenceClassification(Gemma3TextConfig(**gemma3, num_labels=1)), dtype=torch.bfloat16)
neox = SIZES | dict(num_attention_heads=2)
del neox["num_key_value_heads"]
write("gpt-neox", GPTNeoXForCausalLM(GPTNeoXConfig(**neox)))
sequential = dict(use_parallel_residual=False, hidden_act="gelu_new", rope_parameters={"rope_theta": 100.0, "partial_rotary_factor": 0.5}, tie_word_embeddings=True)
write("gpt-neox-sequential", GPTNeoXForCausalLM(GPTNeoXConfig(**neox, **sequential)), dtype=torch.float16, edit=old_neox)
write("gpt-neox-classifier", GPTNeoXForSequenceClassification(GPTNeoXConfig(**neox, num_labels=1)), dtype=torch.bfloat16)
write_adapter("llama3-lora", ["q_proj", "down_proj"])
write_adapter("gpt2-lora", ["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True)
write_adapter("phi3-lora", ["qkv_proj", "gate_up_proj", "o_proj"])
write_adapter("gpt-neox-lora", ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"])
