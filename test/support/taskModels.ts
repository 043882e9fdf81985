/** Folders of tiny models with random weights, and files of rows, for the tests of tasks. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Effect, Result } from "effect"
import * as Pretrained from "../../src/Checkpoint/Pretrained.ts"
import * as Transformers from "../../src/Model/Transformers.ts"
import * as Key from "../../src/Tensor/Key.ts"
import * as Tokenizer from "../../src/Tokenizer/Tokenizers.ts"

const places = ["Oslo", "Lima", "Rome", "Cairo"]
const people = ["Ann", "Bob", "Eve", "Max"]

/** Sentences about who lives where: enough for every task. */
export const facts = Array.from({ length: 24 }, (_, i) => {
  const [person, place] = [people[i % 4]!, places[(i * 3 + (i >> 2)) % 4]!]
  return { person, place, text: `${person} lives in ${place}.`, good: i % 2 === 0 }
})

const words = [
  ...facts.map(({ text }) => text),
  ...facts.map(({ person }) => `Where does ${person} live? this is good or bad , O B-PER translate: home of`)
]
const pieces = Tokenizer.trainWordPiece(words, { vocabularySize: 120, minFrequency: 1 })
const bytes = Tokenizer.bytes()

const small = {
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 64,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  initializer_range: 0.2
}

const kinds = {
  bert: {
    tokenizer: pieces,
    architecture: "BertForMaskedLM",
    config: { model_type: "bert", ...small, pad_token_id: pieces.special.pad }
  },
  electra: {
    tokenizer: pieces,
    architecture: "ElectraForMaskedLM",
    config: { model_type: "electra", ...small, embedding_size: 16, pad_token_id: pieces.special.pad }
  },
  gpt2: {
    tokenizer: bytes,
    architecture: "GPT2LMHeadModel",
    config: {
      ...{ model_type: "gpt2", n_embd: 16, n_layer: 1, n_head: 2, n_positions: 64 },
      ...{ resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0, bos_token_id: bytes.special.bos, eos_token_id: bytes.special.eos }
    }
  },
  t5: {
    tokenizer: bytes,
    architecture: "T5ForConditionalGeneration",
    config: {
      ...{ model_type: "t5", d_model: 16, d_kv: 8, d_ff: 32, num_layers: 1, num_heads: 2, dropout_rate: 0 },
      ...{ pad_token_id: bytes.special.pad, eos_token_id: bytes.special.eos, decoder_start_token_id: bytes.special.pad }
    }
  }
}

/** Writes the folder of a model of a kind. */
export const model = async (folder: string, kind: keyof typeof kinds): Promise<string> => {
  const { architecture, config, tokenizer } = kinds[kind]
  const model = Result.getOrThrow(Transformers.make({ ...config, vocab_size: tokenizer.vocabularySize }, architecture))
  await Effect.runPromise(
    Effect.andThen(
      Pretrained.save(folder, { model, parameters: model.init(Key.make(1)) }),
      Tokenizer.save(tokenizer, folder)
    ).pipe(Effect.provide(NodeServices.layer))
  )
  return folder
}

/** Writes rows as JSON Lines. */
export const jsonl = (file: string, rows: ReadonlyArray<object>): string => {
  mkdirSync(join(file, ".."), { recursive: true })
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""))
  return file
}

/** The rows of each task. */
export const rows = {
  classification: facts.map(({ text, good }) => ({
    text: `${text} this is ${good ? "good" : "bad"}`,
    label: good ? "good" : "bad"
  })),
  tokens: facts.map(({ person, place }) => ({
    tokens: [person, "lives", "in", place, "."],
    ner_tags: ["B-PER", "O", "O", "B-LOC", "O"]
  })),
  answers: facts.map(({ person, place, text }, i) => ({
    id: `q${i}`,
    question: `Where does ${person} live?`,
    context: text,
    answers: { text: [place], answer_start: [text.indexOf(place)] }
  })),
  texts: facts.map(({ text }) => ({ text })),
  pairs: facts.map(({ person, place }) => ({ source: `home of ${person}`, target: place }))
}
