"""Records of each architecture what no small run shows, for test/golden-own/architectures.test.ts: the shapes that its config has where it says nothing, and
where it drops out in training.

Run in the virtual environment that `bin/dev interop` makes:

    VENV/bin/python scripts/record-architectures.py

(recorded with Python 3.11.7). A dropout is its rate and the shape of what it is given; those that would drop nothing are left out.
"""

import json
import os
import pathlib

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", CUDA_VISIBLE_DEVICES="")

import torch
import transformers

TASKS = ["SequenceClassification", "TokenClassification", "QuestionAnswering", "MaskedLM"]
TOKENS = [[2, 3, 4, 5, 6]] * 2

common = dict(vocab_size=32, num_labels=2)
bert = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=16, max_position_embeddings=16)
bert |= dict(hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.2, classifier_dropout=0.3)
distilbert = dict(dim=12, n_layers=2, n_heads=3, hidden_dim=16, max_position_embeddings=16)
distilbert |= dict(dropout=0.1, attention_dropout=0.2, seq_classif_dropout=0.3, qa_dropout=0.4)
gpt2 = dict(n_embd=12, n_layer=2, n_head=3, n_positions=16, embd_pdrop=0.1, attn_pdrop=0.2, resid_pdrop=0.3)
llama = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, head_dim=4, intermediate_size=16)
llama |= dict(max_position_embeddings=16, attention_dropout=0.2)
t5 = dict(d_model=12, d_kv=4, d_ff=16, num_layers=2, num_heads=3, dropout_rate=0.15, decoder_start_token_id=0, pad_token_id=0)

ARCHITECTURES = [
    *((f"{family}For{task}", more) for family, more in [("Bert", bert), ("Roberta", bert), ("DistilBert", distilbert), ("Electra", bert)] for task in TASKS),
    ("GPT2LMHeadModel", gpt2),
    *((f"{family}ForCausalLM", llama) for family in ("Llama", "Mistral", "Qwen2")),
    ("T5ForConditionalGeneration", t5),
]


def shapes(cls):
    with torch.device("meta"):
        return {name: list(parameter.shape) for name, parameter in cls(cls.config_class()).named_parameters()}


def dropouts(cls, config):
    seen, own = [], torch.nn.functional.dropout

    def watched(x, p=0.5, training=True, inplace=False):
        if training and p > 0:
            seen.append([p, *x.shape])
        return x

    torch.nn.functional.dropout = watched
    try:
        model = cls._from_config(config, attn_implementation="eager").train()
        tokens = torch.tensor(TOKENS)
        model(input_ids=tokens, **(dict(labels=tokens) if config.is_encoder_decoder else {}))
    finally:
        torch.nn.functional.dropout = own
    return sorted(seen)


def record(architecture, more):
    cls = getattr(transformers, architecture)
    config = dict(common, **more)
    return dict(
        model_type=cls.config_class.model_type,
        shapes=shapes(cls),
        config=config,
        dropouts=dropouts(cls, cls.config_class(**config)),
    )


recorded = {architecture: record(architecture, more) for architecture, more in ARCHITECTURES}
versions = {module.__name__: module.__version__ for module in (torch, transformers)}
path = pathlib.Path(__file__).parent.parent / "test/golden-own/architectures.json"
lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in recorded.items()]
path.write_text(f'{{\n "versions": {json.dumps(versions)},\n "tokens": {json.dumps(TOKENS)},\n "architectures": {{\n' + ",\n".join(lines) + "\n }\n}\n")
