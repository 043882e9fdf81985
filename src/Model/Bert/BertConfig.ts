/** What BERT, RoBERTa, DistilBERT and ELECTRA differ in: names, where positions begin, and how the heads are wired. */

import { tf } from "../../Tensor/Tensor.ts"
import type { Activation } from "../Activation.ts"
import * as Activations from "../Activation.ts"
import { type Config, divides, InvalidConfig, type Reader, reader } from "../Config.ts"

export interface Style {
  readonly base: string
  /** The beginning of class names: `Bert`. */
  readonly family: string
  readonly reader: Reader
  readonly vocabulary: number
  readonly width: number
  /** The width of the embeddings: where it is not the layers', a dense layer stands between. */
  readonly embedded: number
  readonly heads: number
  readonly layers: number
  readonly inner: number
  readonly positions: number
  /** Kinds of segments; 0 for none. */
  readonly segments: number
  readonly epsilon: number
  readonly range: number
  readonly pad: number | null
  readonly dropout: number
  readonly attentionDropout: number
  /** Of what the heads give together. */
  readonly mixedDropout: number
  readonly activation: Activation
  /** Whether positions are counted over tokens that are no padding, from the one after the pad token's number. */
  readonly countsTokens: boolean
  /** Paths within a layer, and of the layers. */
  readonly names: Readonly<Record<"layers" | "query" | "key" | "value" | "mixed" | "mixedNorm" | "up" | "down" | "norm", string>>
  readonly sequence: SequenceHead
  readonly words: WordHead
  /** Before the heads for tokens and answers. */
  readonly tokenDropout: number
  readonly answerDropout: number
}

/** A dense layer on the first token, an activation, a dense layer. */
export interface SequenceHead {
  readonly dense: string
  readonly activation: Activation
  readonly out: string
  readonly dropout: number
  /** Whether dropout comes before the first layer too. */
  readonly dropsFirst: boolean
}

/** A dense layer, an activation and a norm on each token, then the words' own table. */
export interface WordHead {
  readonly dense: string
  readonly activation: Activation
  readonly norm: string
  readonly bias: string
  /** Where the table is, when it is not the words' own. */
  readonly decoder: string
}

const bertNames = {
  layers: "encoder.layer",
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  mixed: "attention.output.dense",
  mixedNorm: "attention.output.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  norm: "output.LayerNorm"
}

const sizes = { width: 768, heads: 12, inner: 3072 }

export const bert = (config: Config): Style => ({
  ...common(config, { base: "bert", family: "Bert", ...sizes, pad: 0, vocabulary: 30522 }),
  sequence: {
    dense: "bert.pooler.dense",
    activation: tf.tanh,
    out: "classifier",
    dropout: headDropout(config),
    dropsFirst: false
  },
  words: {
    dense: "cls.predictions.transform.dense",
    activation: reader(config).activation("hidden_act", "gelu"),
    norm: "cls.predictions.transform.LayerNorm",
    bias: "cls.predictions.bias",
    decoder: "cls.predictions.decoder.weight"
  }
})

export const roberta = (config: Config): Style => ({
  ...common(config, { base: "roberta", family: "Roberta", ...sizes, pad: 1, vocabulary: 50265 }),
  countsTokens: true,
  sequence: {
    dense: "classifier.dense",
    activation: tf.tanh,
    out: "classifier.out_proj",
    dropout: headDropout(config),
    dropsFirst: true
  },
  words: {
    dense: "lm_head.dense",
    activation: Activations.gelu,
    norm: "lm_head.layer_norm",
    bias: "lm_head.bias",
    decoder: "lm_head.decoder.weight"
  }
})

export const electra = (config: Config): Style => ({
  ...common(config, { base: "electra", family: "Electra", width: 256, heads: 4, inner: 1024, pad: 0, vocabulary: 30522 }),
  embedded: reader(config).size("embedding_size", 128),
  sequence: {
    dense: "classifier.dense",
    activation: Activations.gelu,
    out: "classifier.out_proj",
    dropout: headDropout(config),
    dropsFirst: true
  },
  words: {
    dense: "generator_predictions.dense",
    activation: Activations.gelu,
    norm: "generator_predictions.LayerNorm",
    bias: "generator_lm_head.bias",
    decoder: "generator_lm_head.weight"
  }
})

export const distilbert = (config: Config): Style => {
  const read = reader(config)
  read.only("sinusoidal_pos_embds", false)
  const activation = read.activation("activation", "gelu")
  return checked({
    base: "distilbert",
    family: "DistilBert",
    reader: read,
    vocabulary: read.size("vocab_size", 30522),
    width: read.size("dim", 768),
    embedded: read.size("dim", 768),
    heads: read.size("n_heads", 12),
    layers: read.size("n_layers", 6),
    inner: read.size("hidden_dim", 3072),
    positions: read.size("max_position_embeddings", 512),
    segments: 0,
    epsilon: 1e-12,
    range: read.number("initializer_range", 0.02),
    pad: read.token("pad_token_id", 0),
    dropout: read.rate("dropout", 0.1),
    attentionDropout: read.rate("attention_dropout", 0.1),
    mixedDropout: 0,
    activation,
    countsTokens: false,
    names: {
      layers: "transformer.layer",
      query: "attention.q_lin",
      key: "attention.k_lin",
      value: "attention.v_lin",
      mixed: "attention.out_lin",
      mixedNorm: "sa_layer_norm",
      up: "ffn.lin1",
      down: "ffn.lin2",
      norm: "output_layer_norm"
    },
    sequence: {
      dense: "pre_classifier",
      activation: tf.relu,
      out: "classifier",
      dropout: read.rate("seq_classif_dropout", 0.2),
      dropsFirst: false
    },
    words: {
      dense: "vocab_transform",
      activation,
      norm: "vocab_layer_norm",
      bias: "vocab_projector.bias",
      decoder: "vocab_projector.weight"
    },
    tokenDropout: read.rate("dropout", 0.1),
    answerDropout: read.rate("qa_dropout", 0.1)
  })
}

const common = (
  config: Config,
  own: Pick<Style, "base" | "family" | "width" | "heads" | "inner" | "pad" | "vocabulary">
): Omit<Style, "sequence" | "words"> => {
  const read = reader(config)
  read.only("position_embedding_type", "absolute")
  read.only("is_decoder", false)
  read.only("add_cross_attention", false)
  return checked({
    ...own,
    reader: read,
    vocabulary: read.size("vocab_size", own.vocabulary),
    width: read.size("hidden_size", own.width),
    embedded: read.size("hidden_size", own.width),
    heads: read.size("num_attention_heads", own.heads),
    layers: read.size("num_hidden_layers", 12),
    inner: read.size("intermediate_size", own.inner),
    positions: read.size("max_position_embeddings", 512),
    segments: read.size("type_vocab_size", 2),
    epsilon: read.number("layer_norm_eps", 1e-12),
    range: read.number("initializer_range", 0.02),
    pad: read.token("pad_token_id", own.pad),
    dropout: read.rate("hidden_dropout_prob", 0.1),
    attentionDropout: read.rate("attention_probs_dropout_prob", 0.1),
    mixedDropout: read.rate("hidden_dropout_prob", 0.1),
    activation: read.activation("hidden_act", "gelu"),
    countsTokens: false,
    names: bertNames,
    tokenDropout: headDropout(config),
    answerDropout: 0
  })
}

const headDropout = (config: Config): number => {
  const read = reader(config)
  return read.rate("classifier_dropout", read.rate("hidden_dropout_prob", 0.1))
}

const checked = <S extends Pick<Style, "reader" | "heads" | "width" | "pad" | "vocabulary">>(style: S): S => {
  divides("num_attention_heads", style.heads, style.width)
  if (style.pad !== null && style.pad >= style.vocabulary)
    throw new InvalidConfig({
      field: "pad_token_id",
      reason: `is ${style.pad}, and the vocabulary is 0 to ${style.vocabulary - 1}`
    })
  return style
}
