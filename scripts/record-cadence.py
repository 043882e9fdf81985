"""Records 200 random runs of the real Trainer, for test/golden-own/cadence_fresh.test.ts.

Run once, in a virtual environment outside of the repository (the machine that trains is the CPU: torch's CPU wheel will do):

    python3 -m venv VENV
    VENV/bin/pip install torch==2.9.1 transformers==4.57.6 accelerate==1.15.0 numpy==2.4.6 safetensors==0.8.0
    VENV/bin/python scripts/record-cadence.py test/golden-own/cadence_fresh.json [seed] [runs]

(recorded with Python 3.11.7 and seed 20261124). Each run is drawn from the seed: its arguments, its data, a scripted score of each evaluation, perhaps
early stopping, a callback of the user's, or a resume from a random checkpoint with other arguments. What the arguments themselves refuse is drawn again.
A run that does not end within a time limit, or fails, is kept with its error. A resumed run is recorded twice: `first` is the run that left
the checkpoint. Entries of the log go without their clocks. The model is y = w.x + b, in float32, on one thread.
"""

import json
import math
import os
import random
import signal
import sys
import tempfile
import warnings

os.environ.update(CUDA_VISIBLE_DEVICES="", HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1")
warnings.simplefilter("ignore")

import torch
import transformers
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, TrainingArguments

transformers.logging.set_verbosity_error()
torch.set_num_threads(1)

LIMIT_SECONDS = 20
LIMIT_EPOCHS = 300  # begun: more than any run that ends
draw = random.Random()


def chance(part):
    return draw.random() < part


def rows(count):
    """Multiples of 1/64, which float32 and JSON hold as they are."""
    point = lambda: draw.randrange(-128, 129) / 64
    made = []
    for _ in range(count):
        x = [point(), point()]
        made.append({"x": x, "labels": round((2 * x[0] - 3 * x[1] + 0.5 + point() / 4) * 64) / 64})
    return made


# what is drawn


def scheduler():
    """A scheduler with what it takes."""
    floor = draw.choice([{"min_lr": 0.001}, {"min_lr_rate": 0.1}])
    some = lambda **kwargs: {name: value for name, value in kwargs.items() if chance(0.5)}
    kwargs = {
        "linear": lambda: None,
        "cosine": lambda: some(num_cycles=draw.choice([0.5, 1, 1.25])),
        "cosine_with_restarts": lambda: some(num_cycles=draw.choice([1, 2, 3])),
        "polynomial": lambda: some(lr_end=0.0005, power=draw.choice([0.5, 2, 3])),
        "constant": lambda: None,
        "constant_with_warmup": lambda: None,
        "inverse_sqrt": lambda: None,
        "cosine_with_min_lr": lambda: {**floor, **some(num_cycles=0.75)},
        "cosine_warmup_with_min_lr": lambda: {**floor, **some(warmup_lr_rate=0.2)},
        "warmup_stable_decay": lambda: {
            "num_decay_steps": draw.randint(1, 6),
            **some(num_stable_steps=draw.randint(0, 5)),
            **some(min_lr_ratio=0.05, warmup_type=draw.choice(["linear", "cosine", "1-sqrt"])),
            **some(decay_type=draw.choice(["linear", "cosine", "1-sqrt"])),
        },
        "reduce_lr_on_plateau": lambda: {
            "patience": draw.randint(0, 2),
            **some(factor=0.5, cooldown=1, mode=draw.choice(["min", "max"]), threshold=0.05),
            **some(threshold_mode=draw.choice(["rel", "abs"]), min_lr=0.0005),
        },
    }
    name = draw.choice(["linear", "linear", *kwargs])
    return {"lr_scheduler_type": name, "lr_scheduler_kwargs": kwargs[name]()}


def strategies():
    made = {
        "logging_strategy": draw.choice(["no", "steps", "steps", "epoch"]),
        "logging_steps": draw.choice([0.15, 0.3, 1, 2, 3]),
        "logging_first_step": chance(0.3),
        "eval_strategy": draw.choice(["no", "steps", "steps", "epoch"]),
        "eval_steps": draw.choice([0.25, 1, 2, 3, 4, 5, None]),
        "eval_delay": draw.choice([0, 0, 0, 1, 2, 1.5]),
        "eval_on_start": chance(0.2),
        "save_strategy": draw.choice(["no", "steps", "steps", "epoch", "best"]),
        "save_steps": draw.choice([0.2, 1, 2, 3, 4, 5, 6]),
        "save_total_limit": draw.choice([None, None, 1, 2, 3]),
        "load_best_model_at_end": chance(0.3),
    }
    if made["load_best_model_at_end"]:
        made["eval_strategy"] = draw.choice(["steps", "epoch"])
        made["save_strategy"] = draw.choice([made["eval_strategy"], made["eval_strategy"], "best"])
        made["eval_steps"] = draw.choice([1, 2, 3])
        made["save_steps"] = made["eval_steps"] * draw.choice([1, 2])
    if made["eval_strategy"] == "no":
        made["eval_on_start"] = False
    return made


def case():
    """One random run."""
    train = draw.randint(1, 22)
    sets = draw.choice([5, 5, 3, {"a": 3, "b": 4}])
    batch = draw.randint(1, 5)
    accumulation = draw.randint(1, 4)
    streams = chance(0.15)
    args = {
        "per_device_train_batch_size": batch,
        "per_device_eval_batch_size": draw.randint(1, 3),
        "gradient_accumulation_steps": accumulation,
        "learning_rate": draw.choice([0.01, 0.02, 0.05]),
        "num_train_epochs": draw.choice([0.4, 1, 1.5, 2, 2.7, 3]),
        "max_steps": draw.randint(1, 14) if streams or chance(0.2) else -1,
        "max_grad_norm": draw.choice([1.0, 1.0, 0.3, 5.0, 0.0]),
        "weight_decay": draw.choice([0.0, 0.0, 0.1, 0.5]),
        "optim": draw.choice(["adamw_torch_fused", "adamw_torch_fused", "adamw_torch", "sgd", "adagrad", "rmsprop"]),
        "dataloader_drop_last": batch <= train and chance(0.2),
        **draw.choice([{}, {}, {"warmup_steps": draw.randint(1, 5)}, {"warmup_ratio": draw.choice([0.1, 0.34])}]),
        **scheduler(),
        **strategies(),
    }
    prefix = "a_" if isinstance(sets, dict) else ""
    metric = draw.choice(["loss", "score", "score", "eval_score", *([] if args["save_strategy"] == "best" else [None])])
    if streams and (metric == "loss" or args["load_best_model_at_end"] or args["lr_scheduler_type"] == "reduce_lr_on_plateau"):
        metric = "score"  # so that `besides` can say where the losses differ
    if metric is not None:
        args["metric_for_best_model"] = f"eval_{prefix}score" if metric.startswith("eval_") else prefix + metric
        args["greater_is_better"] = draw.choice([None, True, False])
    made = {
        "args": {name: value for name, value in args.items() if value is not None},
        "train_size": train,
        "eval_size": sets,
        "dataset": "iterable" if streams else "map",
        "scripted_eval_score": [draw.randrange(10) / 10 for _ in range(80)],
    }
    evaluates = args["eval_strategy"] != "no"
    if metric is not None and evaluates and chance(0.3):
        made["early_stopping"] = {"patience": draw.randint(1, 3), "threshold": draw.choice([0.0, 0.0, 0.15])}
    if chance(0.35):
        wishes = ["should_save", "should_log", "should_epoch_stop", "should_training_stop", *(["should_evaluate"] if evaluates else [])]
        made["user_callback"] = {"on_step_end_at_step": draw.randint(1, 8), "sets": draw.choice(wishes)}
    elif not evaluates and chance(0.5):
        made["label_free"] = True  # the model's loss needs no column that the Trainer takes for a label
    long = streams and math.ceil(train / batch) < args["max_steps"] * accumulation
    saves = args["save_strategy"] in ("steps", "epoch")
    if saves and not long and not args["eval_on_start"] and "early_stopping" not in made and chance(0.8):
        made["resume_args"] = changed(made["args"], streams)
        if not streams and chance(0.6):  # so that it has more than its last checkpoint
            made["train_size"] = draw.randint(10, 22)
            made["args"].pop("save_total_limit", None)
    return made


def changed(args, streams):
    """What the resumed run has otherwise."""
    made = {}
    if args.get("max_steps", -1) > 0:
        if chance(0.4) and not streams:
            made["max_steps"] = args["max_steps"] + draw.randint(-2, 4)
    elif chance(0.4):
        made["num_train_epochs"] = draw.choice([1, 2, 2.5, 3, 4])
    if chance(0.3) and not args["load_best_model_at_end"]:
        made[draw.choice(["logging_steps", "eval_steps", "save_steps"])] = draw.choice([1, 2, 3])
    if chance(0.2):
        made["logging_strategy"] = draw.choice(["no", "steps", "epoch"])
    if chance(0.2) and not streams:
        made["ignore_data_skip"] = True
    return made if made.get("max_steps", 1) > 0 else {}


# what is run


class Linear(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = torch.nn.Linear(2, 1)
        with torch.no_grad():
            self.lin.weight.copy_(torch.tensor([[0.5, -0.25]]))
            self.lin.bias.fill_(0.1)

    def forward(self, x, labels=None, target=None):
        logits = self.lin(x).squeeze(1)
        wanted = target if labels is None else labels
        return {"loss": torch.nn.functional.mse_loss(logits, wanted), "logits": logits}


class Stream(torch.utils.data.IterableDataset):
    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        return iter(self.rows)


class User(TrainerCallback):
    def __init__(self, on_step_end_at_step, sets):
        self.step, self.sets = on_step_end_at_step, sets

    def on_step_end(self, args, state, control, **_):
        if state.global_step == self.step:
            setattr(control, self.sets, True)


def weights(model):
    return {name: value.tolist() for name, value in model.state_dict().items()}


def on_disk():
    return sorted((name for name in os.listdir("run") if name.startswith("checkpoint-")), key=lambda name: int(name[11:]))


class Recorder(TrainerCallback):
    """The last callback: it sees what the others have set."""

    flagged = {"on_step_end", "on_epoch_end", "on_log", "on_evaluate", "on_save", "on_train_end"}

    def __init__(self, scored):
        self.events, self.rates, self.epochs, self.scored = [], [], 0, scored
        self.asked, self.weights = {}, {}  # at each save

    def line(self, name, state, control, given):
        line = {"event": name, "step": state.global_step, "epoch": state.epoch}
        wishes = ["log", "evaluate", "save", "epoch_stop", "training_stop"]
        flags = [wish for wish in wishes if getattr(control, f"should_{wish}")]
        if flags and name in self.flagged:
            line["flags"] = flags
        if name in ("on_save", "on_train_end"):
            line["checkpoints_on_disk"] = on_disk()
            for field in ("best_metric", "best_global_step", "best_model_checkpoint"):
                line[field] = getattr(state, field)
        if name == "on_save":
            self.asked[state.global_step] = self.scored()
            self.weights[state.global_step] = weights(given["model"])
        if name == "on_log":
            line["log_keys"] = list(given["logs"])
        self.events.append(line)


def event(name):
    def callback(self, args, state, control, **given):
        if name == "on_pre_optimizer_step":
            self.rates.append(given["optimizer"].param_groups[0]["lr"])
        if name == "on_epoch_begin":
            self.epochs += 1
            if self.epochs > LIMIT_EPOCHS:
                raise RuntimeError("endless")
        self.line(name, state, control, given)

    return callback


for name in [name for name in vars(TrainerCallback) if name.startswith("on_") and name != "on_init_end"]:
    setattr(Recorder, name, event(name))


def trained(case, data, args, resumed_from=None, asked=0):
    """Trains once. `asked` scores of the script are behind it."""
    counter = {"asked": asked}

    def score(_):
        counter["asked"] += 1
        scores = case["scripted_eval_score"]
        return {"score": scores[min(counter["asked"], len(scores)) - 1]}

    free = case.get("label_free", False)
    renamed = [{"x": row["x"], "target": row["labels"]} if free else row for row in data["train"][: case["train_size"]]]
    sizes = case["eval_size"]
    evaluation = {name: data["eval"][:size] for name, size in sizes.items()} if isinstance(sizes, dict) else data["eval"][:sizes]
    recorder = Recorder(lambda: counter["asked"])
    callbacks = [recorder]
    if "user_callback" in case:
        callbacks.insert(0, User(**case["user_callback"]))
    if "early_stopping" in case:
        callbacks.insert(0, EarlyStoppingCallback(case["early_stopping"]["patience"], case["early_stopping"]["threshold"]))
    model = Linear()
    trainer = Trainer(
        model=model,
        args=args,
        train_dataset=Stream(renamed) if case["dataset"] == "iterable" else renamed,
        eval_dataset=evaluation,
        compute_metrics=score,
        callbacks=callbacks,
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train(resume_from_checkpoint=resumed_from)
    state = trainer.state
    clocks = ("_runtime", "_per_second")
    log = [{key: value for key, value in entry.items() if not key.endswith(clocks)} for entry in state.log_history]
    fields = ["best_metric", "best_global_step", "best_model_checkpoint", "global_step", "epoch"]
    absolute = ["max_steps", "logging_steps", "eval_steps", "save_steps"]
    return recorder, {
        "resolved": {field: getattr(state, field) for field in absolute},
        "events": recorder.events,
        "learning_rates": recorder.rates,
        "checkpoints_on_disk_after_train": on_disk(),
        "trainer_state": {**{field: getattr(state, field) for field in fields}, "log_history": log},
        "final_weights": weights(model),
    }


def arguments(args):
    return TrainingArguments(output_dir="run", seed=1234, report_to="none", disable_tqdm=True, use_cpu=True, **args)


def changes(case, events, step):
    """The arguments that the resumed run may change, so that our differences can be predicted exactly."""
    made = case["resume_args"]
    saved = max(index for index, line in enumerate(events) if line["event"] == "on_save" and line["step"] == step)
    owes = events[saved + 1]["event"] == "on_epoch_end" and float(events[saved]["epoch"]).is_integer()
    given = {**case["args"], **made}
    ends = "epoch" in [given[f"{name}_strategy"] for name in ("logging", "eval", "save")]
    cut = case.get("user_callback", {}).get("sets") == "should_epoch_stop"
    return {name: value for name, value in made.items() if name == "ignore_data_skip"} if cut or owes and ends else made


def besides(case, data, args, recorder):
    """What ours is to be compared with where it differs: the weights at each save, for a best that the real one does not put back; and for a stream that
    ends inside an accumulation the run on the stream without that rest, whose gradients the real one adds to those of the next update.
    """
    made = {}
    if args.save_strategy == "best" and args.load_best_model_at_end:
        made["saved_weights"] = recorder.weights
    batch, accumulation = args.per_device_train_batch_size, args.gradient_accumulation_steps
    batches = math.ceil(case["train_size"] / batch)
    if case["dataset"] == "iterable" and batches % accumulation != 0 and batches < args.max_steps * accumulation:
        size = (batches - batches % accumulation) * batch
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            again, whole = trained({**case, "train_size": size}, data, args)
        made["whole"] = {"log_history": whole["trainer_state"]["log_history"], "final_weights": whole["final_weights"]}
        if "saved_weights" in made:
            made["saved_weights"] = again.weights
    return made


def record(case, data):
    """What a run did; None where its arguments refuse."""
    try:
        args = arguments(case["args"])
        arguments({**case["args"], **case.get("resume_args", {})})
    except ValueError:
        return None
    signal.alarm(LIMIT_SECONDS)
    try:
        recorder, first = trained(case, data, args)
        if "resume_args" not in case:
            return {**case, **first, **besides(case, data, args, recorder)}
        there = first["checkpoints_on_disk_after_train"]
        if not there:
            return None
        # where later checkpoints stand on disk and some must go, the real one looks at their times: (h) of the differences
        chosen = there[-1] if "save_total_limit" in case["args"] else draw.choice(there[:-1] or there)
        step = int(chosen[11:])
        case = {**case, "resumed_from": f"run/{chosen}", "resume_args": changes(case, first["events"], step)}
        again = arguments({**case["args"], **case["resume_args"]})
        _, second = trained(case, data, again, case["resumed_from"], recorder.asked[step])
        return {**case, **second, "first": first}
    except Exception as error:
        return {**case, "hf_error": f"{type(error).__name__}: {error}"[:80]}
    finally:
        signal.alarm(0)


def late(*_):
    raise TimeoutError("the time limit")


def main(path, seed="20261124", runs="200"):
    signal.signal(signal.SIGALRM, late)
    draw.seed(int(seed))
    path = os.path.abspath(path)
    data = {"train": rows(22), "eval": rows(5)}
    made = []
    while len(made) < int(runs):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            run = record(case(), data)
            os.chdir("/")
        if run is not None:
            made.append({"name": f"fresh{len(made)}", **run})
            print(len(made), run.get("hf_error", ""), flush=True)
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        head = json.dumps({"seed": int(seed), "versions": versions, "rows": data}, separators=(",", ":"))
        lines = ",\n".join(json.dumps(run, separators=(",", ":")) for run in made)
        file.write(f'{head[:-1]},\n"runs":[\n{lines}\n]}}\n')


main(*sys.argv[1:])
