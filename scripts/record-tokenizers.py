"""Records what transformers' tokenizers do, for test/golden-own/tokenizers.test.ts.

Run in a virtual environment outside of the repository, in two steps:

    python3 -m venv VENV
    VENV/bin/pip install transformers==4.57.6 tokenizers==0.22.2 sentencepiece==0.2.1 protobuf
    VENV/bin/python scripts/record-tokenizers.py record   # trains one tokenizer of each kind on corpus.txt, and records
    node scripts/make-tokenizers.ts                       # saves those that ours makes, in folders called own-*
    VENV/bin/python scripts/record-tokenizers.py own      # loads them with transformers, and records

(recorded with Python 3.11.7). Each folder holds the files that save_pretrained writes, or ours, and recorded.json.
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", TRANSFORMERS_VERBOSITY="error")

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoTokenizer,
    BertTokenizerFast,
    GPT2TokenizerFast,
    LlamaTokenizerFast,
    PreTrainedTokenizerFast,
    RobertaTokenizerFast,
    T5TokenizerFast,
)

home = pathlib.Path(__file__).parent.parent / "test/golden-own/tokenizers"
corpus = (home / "corpus.txt").read_text(encoding="utf-8").splitlines(keepends=True)
texts = json.loads((home / "texts.json").read_text(encoding="utf-8"))

CHAT = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] not in ['system', 'user', 'assistant'] %}"
    "{{ raise_exception('no such role: ' + message['role']) }}{% endif %}"
    "{{ '<|' + message['role'] + '|>\n' }}{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] | trim + eos_token }}{% endgeneration %}"
    "{% else %}{{ message['content'] | trim + eos_token }}{% endif %}{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
CHATS = [
    [{"role": "user", "content": "How far is it?"}],
    [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "1 + 1?"}, {"role": "assistant", "content": "2"}],
    [
        {"role": "user", "content": "Hé 🙂"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": "Go on"},
        {"role": "assistant", "content": "No.\n"},
    ],
]


def byte_level(size, special):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        corpus, trainers.BpeTrainer(vocab_size=size, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    )
    return tokenizer


def gpt2():
    tokenizer = GPT2TokenizerFast(tokenizer_object=byte_level(420, ["<|endoftext|>"]))
    tokenizer.pad_token = "<|endoftext|>"
    tokenizer.padding_side = "left"
    return tokenizer


def roberta():
    tokenizer = byte_level(400, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    return RobertaTokenizerFast(tokenizer_object=tokenizer, model_max_length=64)


def bert():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(corpus, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return BertTokenizerFast(tokenizer_object=tokenizer, model_max_length=128, do_lower_case=True)


def sentence_piece(folder, **options):
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line.rstrip("\n") for line in corpus if line.strip()),
        model_prefix=str(folder / "sp"),
        hard_vocab_limit=False,
        minloglevel=2,
        num_threads=1,
        **options,
    )
    return str(folder / "sp.model")


def t5(folder):
    file = sentence_piece(folder, model_type="unigram", vocab_size=300, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    return T5TokenizerFast(vocab_file=file, extra_ids=8, add_prefix_space=True)


def llama2(folder):
    file = sentence_piece(
        folder, model_type="bpe", vocab_size=520, byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False
    )
    tokenizer = LlamaTokenizerFast(vocab_file=file, legacy=False, add_prefix_space=True, pad_token="</s>")
    tokenizer.chat_template = CHAT
    return tokenizer


def llama3():
    """As Llama 3 has it: a pattern of its own, byte-level, merges ignored for whole words, a template around it."""
    pattern = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=420, initial_alphabet=alphabet, show_progress=False))
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>", "<|pad|>", "<|system|>", "<|user|>", "<|assistant|>"])
    begin = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=True),
            processors.TemplateProcessing(
                single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1", special_tokens=[("<|begin_of_text|>", begin)]
            ),
        ]
    )
    names = dict(bos_token="<|begin_of_text|>", eos_token="<|end_of_text|>", pad_token="<|pad|>")
    result = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_input_names=["input_ids", "attention_mask"], model_max_length=256, **names
    )
    result.chat_template = CHAT
    return result


def record(tokenizer, folder):
    """What goes in and what comes out, in the words of transformers."""

    def call(*inputs, **options):
        return {"inputs": inputs, "options": options, "wanted": dict(tokenizer(*inputs, **options))}

    encoded = []
    for text in texts:
        ids = tokenizer(text)["input_ids"]
        encoded.append(
            {
                "text": text,
                "ids": ids,
                "bare": tokenizer(text, add_special_tokens=False)["input_ids"],
                "decoded": tokenizer.decode(ids),
                "without_special": tokenizer.decode(ids, skip_special_tokens=True),
            }
        )
    pairs = [[texts[i], texts[(i * 5 + 3) % len(texts)]] for i in range(0, len(texts), 2)]
    every = dict(return_token_type_ids=True, return_special_tokens_mask=True)
    calls = [call(a, b, **every) for a, b in pairs]
    for side in ["right", "left"]:
        tokenizer.truncation_side = side
        calls += [
            {**call(*inputs, truncation=how, max_length=length, **every), "truncation_side": side}
            for length in [6, 9, 16]
            for how, inputs in [("longest_first", texts[1:2]), ("longest_first", texts[1:3]), ("longest_first", [texts[0], texts[4]]), ("only_first", texts[4:5])]
        ]
    tokenizer.truncation_side = "right"
    some = texts[:6]
    calls.append(call(texts[2], texts[4], truncation="only_second", max_length=tokenizer.num_special_tokens_to_add(True) + len(encoded[2]["bare"]) + 3, **every))
    batches = []
    if tokenizer.pad_token is not None:
        for options in [
            {"padding": "longest"},
            {"padding": "longest", "pad_to_multiple_of": 8},
            {"padding": "max_length", "max_length": 12, "truncation": "longest_first"},
            {"padding": "max_length", "max_length": 16, "truncation": "longest_first", "pad_to_multiple_of": 8},
        ]:
            batches.append(call(some, **options, **every))
            batches.append(call(some, some[::-1], **options, **every))
    chats = []
    if tokenizer.chat_template is not None:
        for chat in CHATS:
            for prompt in [False, True]:
                text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=prompt)
                ids = tokenizer.apply_chat_template(chat, tokenize=True, add_generation_prompt=prompt)
                chats.append({"messages": chat, "add_generation_prompt": prompt, "text": text, "ids": ids})
            marked = tokenizer.apply_chat_template(chat, return_dict=True, return_assistant_tokens_mask=True)
            chats[-2]["assistant_masks"] = marked["assistant_masks"]
    special = {name: tokenizer.convert_tokens_to_ids(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}
    about = {
        "size": len(tokenizer),
        "special": special,
        "all_special_ids": sorted(tokenizer.all_special_ids),
        "added_for_one": tokenizer.num_special_tokens_to_add(False),
        "added_for_pair": tokenizer.num_special_tokens_to_add(True),
        "padding_side": tokenizer.padding_side,
        "names": tokenizer.model_input_names,
    }
    everything = {"about": about, "encoded": encoded, "calls": calls, "batches": batches, "chats": chats}
    lines = ",\n".join(
        f'"{name}": ' + (json.dumps(value) if isinstance(value, dict) else "[\n" + ",\n".join(map(json.dumps, value)) + "\n]")
        for name, value in everything.items()
    )
    (folder / "recorded.json").write_text("{" + lines + "}\n")


def main(step):
    if step == "record":
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            made = dict(gpt2=gpt2(), roberta=roberta(), bert=bert(), t5=t5(scratch), llama2=llama2(scratch), llama3=llama3())
            for name, tokenizer in made.items():
                folder = home / name
                shutil.rmtree(folder, ignore_errors=True)
                tokenizer.save_pretrained(folder)
                for file in folder.iterdir():
                    if file.name not in ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"]:
                        file.unlink()
                record(tokenizer, folder)
    for folder in sorted(home.glob("own-*")) if step == "own" else []:
        record(AutoTokenizer.from_pretrained(folder), folder)


main(sys.argv[1])
