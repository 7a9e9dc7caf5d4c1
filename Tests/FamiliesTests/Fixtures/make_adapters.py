"""Writes Adapters/NAME/{adapter_config.json, adapter_model.safetensors, expected.json}: PEFT adapters with random A and B for
the tiny models that make_models.py made, and what peft computes with them.

    python make_adapters.py        needs torch, safetensors, transformers 5.24 and peft 0.21

expected.json: ids [2 × 12], logits of the last four positions, the mean loss of predicting each next token, and for each
tensor of the adapter the sum and the sum of magnitudes of its gradient, in f32.
"""

import json
import math
import pathlib
import shutil
import warnings

import peft
import torch
import transformers
from torch.nn import functional as F

transformers.utils.logging.set_verbosity_error()
torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent
# Name → settings. GLM's gate_up_proj is two products of one module; GPT-2's weights are stored [in, out].
CASES = {
    "llama": dict(r=3, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"]),
    "gpt2": dict(r=2, lora_alpha=5, target_modules=["c_attn", "c_fc"], fan_in_fan_out=True),
    "glm": dict(r=4, lora_alpha=8, use_rslora=True, target_modules=r".*\.(gate_up_proj|o_proj)"),
    "qwen3": dict(r=2, lora_alpha=2, target_modules="all-linear"),
}

for name, settings in CASES.items():
    torch.manual_seed(7)
    folder = HERE / "Adapters" / name
    shutil.rmtree(folder, ignore_errors=True)
    base = transformers.AutoModelForCausalLM.from_pretrained(
        HERE / "Models" / name, dtype=torch.float32, attn_implementation="eager")
    model = peft.get_peft_model(base, peft.LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **settings)).eval()
    for key, tensor in model.named_parameters():
        if "lora_" in key:
            tensor.data = torch.randn(tensor.shape) / math.sqrt(tensor.shape[1]) / 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save_pretrained(folder)
    (folder / "README.md").unlink()
    written = json.loads((folder / "adapter_config.json").read_text())
    written["base_model_name_or_path"] = "../../Models/" + name
    written["target_modules"] = sorted(written["target_modules"]) if isinstance(written["target_modules"], list) else written["target_modules"]
    (folder / "adapter_config.json").write_text(json.dumps(written, indent=2, sort_keys=True) + "\n")
    ids = torch.tensor(json.loads((HERE / "Models" / name / "expected.json").read_text())["ids"])
    logits = model(input_ids=ids).logits
    loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    gradients = {
        key.replace(".default", ""): [float(t.grad.double().sum()), float(t.grad.double().abs().sum())]
        for key, t in model.named_parameters() if "lora_" in key}
    (folder / "expected.json").write_text(json.dumps(dict(
        ids=ids.tolist(), loss=loss.item(), logits=logits[:, -4:].tolist(), gradients=gradients)) + "\n")
    print(name, loss.item(), len(gradients))
