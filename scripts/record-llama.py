"""Records what transformers' Llama and its relatives do, alone and in the real Trainer, for test/golden-own/llama.test.ts.

Run in the virtual environment that `bin/dev interop` makes:

    VENV/bin/python scripts/record-llama.py

(recorded with Python 3.11.7). Each folder has the form of test/golden/trajectories: the first checkpoint, the rows, the forward pass of the first two, and a
run of twenty updates, with its shadow: the same run in float64, whose distance from the run is what rounding alone does. RoBERTa, DistilBERT and ELECTRA have a
forward pass alone.
"""

import contextlib
import json
import os
import pathlib
import random
import shutil
import tempfile

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", CUDA_VISIBLE_DEVICES="", TOKENIZERS_PARALLELISM="false")

import accelerate
import numpy
import safetensors
import torch
import transformers
from safetensors.torch import save_file
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.models.llama.modeling_llama import LlamaRMSNorm
from transformers.models.mistral.modeling_mistral import MistralRMSNorm
from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
home = pathlib.Path(__file__).parent.parent / "test/golden-own"
LENGTH = 10
versions = {module.__name__: module.__version__ for module in (torch, transformers, accelerate, safetensors, numpy)}

small = dict(vocab_size=32, hidden_size=12, intermediate_size=16, num_hidden_layers=2, max_position_embeddings=16, initializer_range=0.2)
llama3 = dict(rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8)
heads = dict(num_attention_heads=4, num_key_value_heads=2, head_dim=4)
MODELS = {
    "llama": ("LlamaForCausalLM", dict(**small, **heads, rope_scaling=llama3, attention_bias=True)),
    "mistral": ("MistralForCausalLM", dict(**small, num_attention_heads=3, num_key_value_heads=1, sliding_window=4, rope_theta=100.0)),
    "qwen2": (
        "Qwen2ForCausalLM",
        dict(
            **small,
            num_attention_heads=2,
            num_key_value_heads=1,
            tie_word_embeddings=True,
            use_sliding_window=True,
            sliding_window=4,
            max_window_layers=1,
            rope_scaling=dict(rope_type="yarn", factor=2.0, original_max_position_embeddings=8),
        ),
    ),
}
RUNS = {
    "llama": ("base", dict(gradient_accumulation_steps=1, lr_scheduler_type="cosine", warmup_steps=3)),
    "mistral": ("ga2", dict(gradient_accumulation_steps=2, lr_scheduler_type="linear", warmup_steps=2)),
    "qwen2": ("base", dict(gradient_accumulation_steps=1, lr_scheduler_type="constant_with_warmup", warmup_steps=2)),
}
ENCODERS = {
    "roberta": (
        "RobertaForMaskedLM",
        dict(vocab_size=32, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=16, type_vocab_size=1,
             max_position_embeddings=16, pad_token_id=1, layer_norm_eps=1e-5, initializer_range=0.2),
    ),
    "distilbert": (
        "DistilBertForSequenceClassification",
        dict(vocab_size=32, dim=12, n_layers=2, n_heads=3, hidden_dim=16, max_position_embeddings=16, num_labels=3, initializer_range=0.2),
    ),
    "electra": (
        "ElectraForSequenceClassification",
        dict(vocab_size=32, embedding_size=8, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=16,
             max_position_embeddings=16, num_labels=3, initializer_range=0.2),
    ),
}


def write(folder, name, value):
    (folder / name).write_text(json.dumps(value, indent=1) + "\n")


def texts(draw, count, pad):
    """Numbers that count up, by steps of one to three, of 7 to 10 tokens: behind the padding, a window of four still sees one of them."""
    rows = []
    for _ in range(count):
        length, first, by = draw.randint(7, LENGTH), draw.randint(3, 12), draw.randint(1, 2)
        tokens, rest = [first + by * i for i in range(length)], LENGTH - length
        rows.append(dict(input_ids=tokens + [pad] * rest, attention_mask=[1] * length + [0] * rest, labels=tokens + [-100] * rest))
    return rows


def batch_of(rows):
    return {name: torch.tensor([row[name] for row in rows]) for name in rows[0]}


def forward(model, rows, folder):
    model.eval()
    with torch.no_grad():
        outputs = model(**batch_of(rows), output_hidden_states=True)
    hidden = [states.tolist() for states in outputs.hidden_states]
    write(folder, "forward_parity.json", dict(rows=f"train[0:{len(rows)}]", logits=outputs.logits.tolist(), loss=outputs.loss.item(), hidden_states=hidden))


def perturbed(model, seed):
    """Biases and norms do not begin at 0 and 1, so that a missing one is noticed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return model


class Recorder(Trainer):
    """The real one, which keeps what it computed before it rounds."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.micro_batches, self.losses, self.first_grads = [], [], None

    def training_step(self, model, inputs, num_items_in_batch=None):
        self.micro_batches.append(inputs["index"].tolist())
        loss = super().training_step(model, inputs, num_items_in_batch)
        self.losses.append(loss.item())
        if self.first_grads is None:
            self.first_grads = weights(model, lambda parameter: parameter.grad)
        return loss

    def compute_loss(self, model, inputs, *args, **kwargs):
        return super().compute_loss(model, {name: value for name, value in inputs.items() if name != "index"}, *args, **kwargs)


class Steps(TrainerCallback):
    def __init__(self):
        self.rates, self.after_step1, self.micro = [], None, []

    def on_pre_optimizer_step(self, args, state, control, optimizer, **kwargs):
        self.rates.append(optimizer.param_groups[0]["lr"])

    def on_step_end(self, args, state, control, model, **kwargs):
        self.micro.append(len(self.trainer.losses))
        if state.global_step == 1:
            self.after_step1 = weights(model)


def weights(model, of=lambda parameter: parameter):
    return {name: of(parameter).detach().clone() for name, parameter in model.named_parameters()}


@contextlib.contextmanager
def in_float64():
    """Models compute their norms, angles and losses in float32, whatever they are; in here, in float64."""
    kept = torch.Tensor.float, [(cls, cls.forward) for cls in (LlamaRMSNorm, MistralRMSNorm, Qwen2RMSNorm)]

    def norm(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)

    torch.Tensor.float = torch.Tensor.double
    for cls, _ in kept[1]:
        cls.forward = norm
    try:
        yield
    finally:
        torch.Tensor.float = kept[0]
        for cls, own in kept[1]:
            cls.forward = own


def train(cls, folder, given, data, double=False):
    model = cls.from_pretrained(folder / "init_checkpoint", dtype=torch.float32)
    model = model.double() if double else model
    args = TrainingArguments(output_dir=tempfile.mkdtemp(), report_to="none", disable_tqdm=True, use_cpu=True, remove_unused_columns=False, **given)
    steps = Steps()
    indexed = {name: [dict(row, index=i) for i, row in enumerate(rows)] for name, rows in data.items()}
    trainer = Recorder(model=model, args=args, train_dataset=indexed["train"], eval_dataset=indexed["eval"], callbacks=[steps])
    steps.trainer = trainer
    trainer.train()
    evaluated = trainer.evaluate()
    norms = [entry["grad_norm"] for entry in trainer.state.log_history if "grad_norm" in entry]
    ends = list(zip([0, *steps.micro], steps.micro))
    micro = [trainer.losses[begin:end] for begin, end in ends]
    shutil.rmtree(args.output_dir)
    return dict(trainer=trainer, steps=steps, micro=micro, norms=norms, evaluated=evaluated, final=weights(model))


def record(name):
    architecture, config = MODELS[name]
    variant, more = RUNS[name]
    cls = getattr(transformers, architecture)
    folder = home / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    draw = random.Random(name)
    torch.manual_seed(5)
    model = perturbed(cls(cls.config_class(bos_token_id=1, eos_token_id=2, pad_token_id=0, **config)), 6)
    model.save_pretrained(folder / "init_checkpoint")
    (folder / "init_checkpoint/generation_config.json").unlink()
    data = dict(train=texts(draw, 22, 0), eval=texts(draw, 6, 0))
    write(folder, "dataset.json", data)
    forward(model, data["train"][:2], folder)

    given = dict(
        per_device_train_batch_size=4, per_device_eval_batch_size=4, learning_rate=0.003, weight_decay=0.1, max_grad_norm=1.0, max_steps=20,
        eval_strategy="no", logging_strategy="steps", logging_steps=1, save_strategy="no", seed=1234, optim="adamw_torch", **more,
    )
    run = train(cls, folder, given, data)
    with in_float64():
        shadow = train(cls, folder, given, data, double=True)
    trainer, steps = run["trainer"], run["steps"]
    losses, shadows = [[sum(micro) for micro in each["micro"]] for each in (run, shadow)]
    assert trainer.micro_batches == shadow["trainer"].micro_batches
    write(folder, f"{variant}.json", dict(
        versions=versions,
        training_arguments=given,
        decay_parameters=trainer.get_decay_parameter_names(trainer.model),
        micro_batches=trainer.micro_batches,
        steps=[
            dict(step=n + 1, micro_losses=micro, loss=sum(micro), lr=rate, grad_norm=norm)
            for n, (micro, rate, norm) in enumerate(zip(run["micro"], steps.rates, run["norms"], strict=True))
        ],
        final_evaluate=dict(eval_loss=run["evaluated"]["eval_loss"]),
        float64_shadow=dict(
            losses=shadows,
            grad_norms=shadow["norms"],
            max_abs_loss_difference=max(abs(a - b) for a, b in zip(losses, shadows)),
            final_weight_difference_by_tensor={
                path: (run["final"][path].double() - tensor).abs().max().item() for path, tensor in shadow["final"].items()
            },
        ),
    ))
    save_file(trainer.first_grads, folder / f"{variant}.first_grads.safetensors", {"format": "pt"})
    save_file(steps.after_step1, folder / f"{variant}.after_step1.safetensors", {"format": "pt"})
    save_file(run["final"], folder / f"{variant}.final.safetensors", {"format": "pt"})


def record_encoder(name):
    architecture, config = ENCODERS[name]
    cls = getattr(transformers, architecture)
    folder = home / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.manual_seed(5)
    model = perturbed(cls(cls.config_class(**config)), 6)
    model.save_pretrained(folder / "init_checkpoint")
    rows = texts(random.Random(name), 3, model.config.pad_token_id)
    if architecture.endswith("SequenceClassification"):
        rows = [dict(row, labels=i % 3) for i, row in enumerate(rows)]
    write(folder, "dataset.json", dict(train=rows, eval=[]))
    forward(model, rows, folder)


for name in MODELS:
    record(name)
for name in ENCODERS:
    record_encoder(name)
