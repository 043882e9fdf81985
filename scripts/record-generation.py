"""Records what transformers writes, and what it makes of scores, for test/golden-own/generation.test.ts.

Run in the virtual environment that `bin/dev interop` makes:

    VENV/bin/python scripts/record-generation.py

(recorded with Python 3.11.7). The models are those of the recorded runs. `scores` has rows of random scores with the text so far, and what the processors of a
configuration make of them; null is minus infinity.
"""

import json
import os
import pathlib
import random
import warnings

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", CUDA_VISIBLE_DEVICES="")
warnings.filterwarnings("ignore")

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoConfig, GenerationConfig

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
test = pathlib.Path(__file__).parent.parent / "test"
own, golden = test / "golden-own", test / "golden/trajectories"

MODELS = {
    "gpt2": (golden / "gpt2_lm", "init_checkpoint/config.json", "base.final.safetensors"),
    "llama": (own / "llama", "init_checkpoint/config.json", "base.final.safetensors"),
    "mistral": (own / "mistral", "init_checkpoint/config.json", "ga2.final.safetensors"),
    "qwen2": (own / "qwen2", "init_checkpoint/config.json", None),
    "t5": (golden / "t5_seq2seq", "gen_checkpoint/config.json", "gen_checkpoint/model.safetensors"),
}
CAUSAL = [
    dict(),
    dict(max_new_tokens=6),
    dict(max_new_tokens=6, num_beams=3, num_return_sequences=2),
    dict(max_new_tokens=6, repetition_penalty=1.7),
    dict(max_new_tokens=6, no_repeat_ngram_size=1, num_beams=2),
    dict(max_new_tokens=6, suppress_tokens=[3, 4, 5], bad_words_ids=[[7], [8, 9]]),
    dict(max_new_tokens=6, forced_eos_token_id=2),
    dict(max_new_tokens=6, encoder_repetition_penalty=2.0),
    dict(max_new_tokens=6, encoder_no_repeat_ngram_size=1),
    dict(max_new_tokens=6, eos_token_id=[1, 2, 3, 4, 5, 6], min_new_tokens=3, num_beams=2),
]
ENCODED = [
    dict(),
    dict(max_length=8, forced_bos_token_id=5),
    dict(max_length=8, forced_bos_token_id=5, forced_eos_token_id=1, num_beams=3),
    dict(max_length=8, begin_suppress_tokens=[3, 4, 5, 6, 7, 8], num_beams=2),
    dict(max_length=8, begin_suppress_tokens=[17, 21, 23], forced_bos_token_id=5),
    dict(max_length=8, encoder_repetition_penalty=3.0),
    dict(max_length=8, encoder_no_repeat_ngram_size=1),
    dict(max_length=12, exponential_decay_length_penalty=[1, 1.5]),
    dict(max_length=12, num_beams=3, early_stopping="never", length_penalty=1.5),
    dict(max_length=12, num_beams=3, renormalize_logits=True, repetition_penalty=1.4),
]
SCORES = [
    dict(repetition_penalty=1.6),
    dict(repetition_penalty=0.7),
    dict(no_repeat_ngram_size=2),
    dict(no_repeat_ngram_size=1),
    dict(encoder_repetition_penalty=1.6),
    dict(encoder_no_repeat_ngram_size=2),
    dict(bad_words_ids=[[2], [1, 0], [3, 1, 3]]),
    dict(min_length=6, eos_token_id=[0, 3]),
    dict(min_new_tokens=3, eos_token_id=0),
    dict(forced_bos_token_id=4),
    dict(max_length=6, forced_eos_token_id=[0, 4]),
    dict(exponential_decay_length_penalty=[1, 1.3], eos_token_id=3),
    dict(suppress_tokens=[1, 5, 9]),
    dict(begin_suppress_tokens=[2, 4]),
    dict(begin_suppress_tokens=[2, 4], forced_bos_token_id=1),
    dict(renormalize_logits=True, suppress_tokens=[1]),
    *(
        dict(do_sample=True, **each)
        for each in (
            dict(temperature=0.4),
            dict(top_k=3),
            dict(top_k=0, top_p=0.6),
            dict(top_k=0, top_p=1e-4),
            dict(top_k=0, min_p=0.2),
            dict(top_k=0, min_p=1.0),
            dict(top_k=0, typical_p=0.5),
            dict(top_k=0, typical_p=0.1),
            dict(top_k=0, epsilon_cutoff=0.08),
            dict(top_k=0, epsilon_cutoff=0.9),
            dict(top_k=0, eta_cutoff=0.1),
            dict(top_k=0, eta_cutoff=0.9),
            dict(top_k=8, top_p=0.9, min_p=0.05, typical_p=0.9, epsilon_cutoff=0.01, eta_cutoff=0.02, temperature=1.7, renormalize_logits=True),
        )
    ),
]


def load(name):
    folder, config, weights = MODELS[name]
    config = AutoConfig.for_model(**json.loads((folder / config).read_text()))
    model = getattr(transformers, config.architectures[0])(config).eval()
    file = folder / weights if weights else next(folder.glob("*.final.safetensors"))
    model.load_state_dict(load_file(file), strict=False)
    model.tie_weights()
    return model, str(file.relative_to(test))


def batch(draw, size, lengths, right):
    longest = max(lengths)
    padded = lambda values: values + [0] * (longest - len(values)) if right else [0] * (longest - len(values)) + values
    return dict(
        input_ids=[padded([draw.randrange(6, size) for _ in range(length)]) for length in lengths],
        attention_mask=[padded([1] * length) for length in lengths],
    )


def generations():
    for name in MODELS:
        model, file = load(name)
        encodes = model.config.is_encoder_decoder
        size = model.config.vocab_size
        draw = random.Random(name)
        batches = {padded: batch(draw, size, [2, 5, 3] if padded else [4, 4], encodes) for padded in (True, False)}
        for kwargs in ENCODED if encodes else CAUSAL:
            # what looks at tokens takes padding for some of them there, and not here: so there is none
            inputs = batches[not any("repe" in setting for setting in kwargs)]
            given = dict(kwargs) if encodes else dict(pad_token_id=0, **kwargs)
            with torch.no_grad():
                found = model.generate(
                    **{field: torch.tensor(values) for field, values in inputs.items()},
                    **given,
                    return_dict_in_generate=True,
                    output_scores=True,
                )
            scores = {} if found.get("sequences_scores") is None else dict(scores=found.sequences_scores.tolist())
            yield dict(model=name, weights=file, batch=inputs, kwargs=given, sequences=found.sequences.tolist(), **scores)


def processed():
    model, _ = load("gpt2")
    draw = random.Random(7)
    for kwargs in SCORES:
        for _ in range(40 if "bad_words_ids" in kwargs else 8):
            prompt = draw.randrange(1, 4)
            tokens = [draw.randrange(4) for _ in range(prompt + draw.randrange(4))]
            source = [draw.randrange(4) for _ in range(4)]
            scores = [round(draw.gauss(0, 2), 3) for _ in range(10)]
            config = GenerationConfig(**kwargs)
            ends = config.eos_token_id
            config._eos_token_tensor = None if ends is None else torch.tensor(ends if isinstance(ends, list) else [ends])
            processors = model._get_logits_processor(
                config, input_ids_seq_length=prompt, encoder_input_ids=torch.tensor([source]), device="cpu", prefix_allowed_tokens_fn=None
            )
            result = processors(torch.tensor([tokens]), torch.tensor([scores]))[0].tolist()
            yield dict(
                kwargs=kwargs,
                prompt=prompt,
                tokens=tokens,
                source=source,
                scores=scores,
                processed=[None if score == float("-inf") else score for score in result],
            )


def lines(name, cases):
    return f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]"


versions = json.dumps({module.__name__: module.__version__ for module in (torch, transformers)})
text = f'{{\n"versions": {versions},\n{lines("generate", generations())},\n{lines("scores", processed())}\n}}\n'
json.loads(text)
(own / "generation.json").write_text(text)
