"""The Python side of interop.ts: creates models from configs, and reads those that ours created.

    python interop.py ROOT

ROOT has a folder for each case: case.json says the architecture, the config, and what to make and to read; batch.safetensors is what the model is run
on. What a model gives is written beside: `<folder>.outputs.safetensors` with logits and loss, and for the weights made here the gradients, each with its
distance from that of the same pass in float64.
A case that fails leaves error.txt.
"""

import copy
import json
import os
import pathlib
import sys
import traceback

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", CUDA_VISIBLE_DEVICES="", TOKENIZERS_PARALLELISM="false")

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)
transformers.utils.logging.disable_progress_bar()
HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}
OUTPUTS = ("logits", "start_logits", "end_logits")


def run(model, batch, gradients=False):
    """Logits, the loss and, where they are asked for, the gradients of what is trained, by the names of the parameters, with what rounding did to each."""
    found = passed(model, batch, gradients)
    if not gradients:
        return found
    exact = passed(in_float64(model), {name: exactly(tensor) for name, tensor in batch.items()}, gradients)
    names = [name for name in found if name.startswith("gradients.")]
    return found | {f"rounding.{name}": (found[name] - exact[name]).abs().max().float() for name in names}


def in_float64(model):
    """A copy. GPT-2 has an option to compute its attention in float32 whatever its dtype: the copy has it off."""
    double = copy.deepcopy(model).double()
    for module in double.modules():
        if hasattr(module, "reorder_and_upcast_attn"):
            module.reorder_and_upcast_attn = False
    return double


def exactly(tensor):
    return tensor.double() if tensor.is_floating_point() else tensor


def passed(model, batch, gradients):
    model.eval()
    model.zero_grad()
    outputs = model(**batch)
    found = {f"outputs.{name}": outputs[name] for name in OUTPUTS if name in outputs}
    found["loss"] = outputs.loss
    if gradients:
        outputs.loss.backward()
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                found[f"gradients.{plain(name)}"] = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
    return {name: tensor.detach().clone().contiguous() for name, tensor in found.items()}


def plain(name):
    """A parameter's name without what PEFT puts into it."""
    return name.replace(".modules_to_save.default.", ".").replace(".default.", ".")


def attention(config):
    """transformers' fast attention leaves out two options of GPT-2, and T5 has none."""
    return {"attn_implementation": "eager"} if config.model_type in ("gpt2", "t5") else {}


def load(cls, folder):
    config = transformers.AutoConfig.from_pretrained(folder)
    return cls.from_pretrained(folder, dtype=torch.float32, output_loading_info=True, **attention(config))


def randomise(model, seed):
    """Every parameter gets random numbers, those that begin at 0 or 1 too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            middle = 1.0 if "norm" in name.lower() or ".ln_" in name else 0.0
            middle = 0.0 if name.endswith("bias") else middle
            parameter.copy_(middle + 0.25 * torch.randn(parameter.shape, generator=generator))


def make(cls, folder, case, batch):
    """A model of the config with random weights, saved in the three formats, in one file or several."""
    config = transformers.AutoConfig.for_model(case["modelType"], **case["config"])
    model = cls._from_config(config, **attention(config))
    randomise(model, case["seed"])
    model.save_pretrained(folder / "theirs", **({"max_shard_size": "4KB"} if case["shards"] else {}))
    save_file(run(model, batch, gradients=True), folder / "theirs.outputs.safetensors")
    for name, dtype in HALVES.items():
        model.to(dtype).save_pretrained(folder / f"theirs-{name}")
        read(cls, folder, f"theirs-{name}", batch)


def read(cls, folder, name, batch):
    """A folder as from_pretrained takes it, which must find all that it looks for and nothing else."""
    model, info = load(cls, folder / name)
    wrong = {kind: sorted(map(str, found)) for kind, found in info.items() if len(found) > 0}
    if wrong:
        raise ValueError(f"{name}: {wrong}")
    save_file(run(model, batch), folder / f"{name}.outputs.safetensors")


def adapt(cls, folder, case, batch):
    """Random adapters around the model, saved in two formats, and one of them merged."""
    for name, dtype in (("theirs", torch.float32), ("theirs-bf16", torch.bfloat16)):
        model = peft.get_peft_model(load(cls, folder / name)[0], peft.LoraConfig(**case["adapter"]))
        generator = torch.Generator().manual_seed(case["seed"] + 1)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.copy_(0.25 * torch.randn(parameter.shape, generator=generator))
        model.to(dtype).save_pretrained(folder / f"{name}-adapter")
        read_adapter(cls, folder, f"{name}-adapter", batch, folder / name, gradients=True)
        if dtype == torch.float32:
            model.merge_and_unload().save_pretrained(folder / "theirs-merged")
            read(cls, folder, "theirs-merged", batch)


def read_adapter(cls, folder, name, batch, base, gradients=False):
    """A folder of an adapter as PeftModel.from_pretrained takes it, around the base that is in another."""
    model = peft.PeftModel.from_pretrained(load(cls, base)[0], folder / name, is_trainable=gradients)
    # PeftModelForQuestionAnswering leaves out the segments: the model that the adapter is in is run itself.
    save_file(run(model.get_base_model(), batch, gradients), folder / f"{name}.outputs.safetensors")


def check(folder):
    case = json.loads((folder / "case.json").read_text())
    cls = getattr(transformers, case["architecture"])
    batch = load_file(folder / "batch.safetensors")
    batch = {name: tensor.long() if tensor.dtype == torch.int32 else tensor for name, tensor in batch.items()}
    make(cls, folder, case, batch)
    adapt(cls, folder, case, batch)
    for name in case["reads"]:
        if (folder / name / "adapter_config.json").exists():
            read_adapter(cls, folder, name, batch, peft.PeftConfig.from_pretrained(folder / name).base_model_name_or_path)
        else:
            read(cls, folder, name, batch)


for folder in sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir()):
    try:
        check(folder)
    except Exception:
        (folder / "error.txt").write_text(traceback.format_exc())
