/** What BERT, RoBERTa, DistilBERT and ELECTRA differ in: names, where positions begin, and how the heads are wired. */

import { tf } from "../../Tensor/Tensor.ts"
import type { Activation } from "../Activation.ts"
import * as Activations from "../Activation.ts"
import { type Config, type ConfigReader, divides, InvalidConfig, reader } from "../Config.ts"

/** A config with its defaults filled in. Fields are named as in `config.json`, in camelCase; a family's other names (`dim`, `n_heads`) are BERT's here. */
export interface BertConfig {
  /** The name in front of the encoder's parameters: `bert`. */
  readonly baseModelPrefix: string
  /** The beginning of class names: `Bert`. */
  readonly family: string
  readonly reader: ConfigReader
  readonly vocabSize: number
  readonly hiddenSize: number
  /** The width of the embeddings; a dense layer projects them to `hiddenSize` if that differs. */
  readonly embeddingSize: number
  readonly numAttentionHeads: number
  readonly numHiddenLayers: number
  readonly intermediateSize: number
  readonly maxPositionEmbeddings: number
  /** 0 for none. */
  readonly typeVocabSize: number
  readonly layerNormEps: number
  readonly initializerRange: number
  readonly padTokenId: number | null
  readonly hiddenDropoutProb: number
  readonly attentionProbsDropoutProb: number
  /** Of the attention's output, before it is added. */
  readonly attentionOutputDropout: number
  readonly hiddenAct: Activation
  /** Whether positions are counted over tokens that are no padding, from the one after the pad token's number (RoBERTa). */
  readonly positionsSkipPadding: boolean
  /** Paths within a layer, and of the layers. */
  readonly names: Readonly<
    Record<
      "layers" | "query" | "key" | "value" | "attentionOutput" | "attentionNorm" | "intermediate" | "output" | "outputNorm",
      string
    >
  >
  readonly sequenceHead: SequenceHead
  readonly maskedLmHead: MaskedLmHead
  /** Before the head for tokens. */
  readonly classifierDropout: number
  /** Before the head for answers. */
  readonly qaDropout: number
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
export interface MaskedLmHead {
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
  attentionOutput: "attention.output.dense",
  attentionNorm: "attention.output.LayerNorm",
  intermediate: "intermediate.dense",
  output: "output.dense",
  outputNorm: "output.LayerNorm"
}

const sizes = { hiddenSize: 768, numAttentionHeads: 12, intermediateSize: 3072 }

export const bert = (config: Config): BertConfig => ({
  ...common(config, { baseModelPrefix: "bert", family: "Bert", ...sizes, padTokenId: 0, vocabSize: 30522 }),
  sequenceHead: {
    dense: "bert.pooler.dense",
    activation: tf.tanh,
    out: "classifier",
    dropout: headDropout(config),
    dropsFirst: false
  },
  maskedLmHead: {
    dense: "cls.predictions.transform.dense",
    activation: reader(config).activation("hidden_act", "gelu"),
    norm: "cls.predictions.transform.LayerNorm",
    bias: "cls.predictions.bias",
    decoder: "cls.predictions.decoder.weight"
  }
})

export const roberta = (config: Config): BertConfig => ({
  ...common(config, { baseModelPrefix: "roberta", family: "Roberta", ...sizes, padTokenId: 1, vocabSize: 50265 }),
  positionsSkipPadding: true,
  sequenceHead: {
    dense: "classifier.dense",
    activation: tf.tanh,
    out: "classifier.out_proj",
    dropout: headDropout(config),
    dropsFirst: true
  },
  maskedLmHead: {
    dense: "lm_head.dense",
    activation: Activations.gelu,
    norm: "lm_head.layer_norm",
    bias: "lm_head.bias",
    decoder: "lm_head.decoder.weight"
  }
})

export const electra = (config: Config): BertConfig => ({
  ...common(config, {
    baseModelPrefix: "electra",
    family: "Electra",
    hiddenSize: 256,
    numAttentionHeads: 4,
    intermediateSize: 1024,
    padTokenId: 0,
    vocabSize: 30522
  }),
  embeddingSize: reader(config).size("embedding_size", 128),
  sequenceHead: {
    dense: "classifier.dense",
    activation: Activations.gelu,
    out: "classifier.out_proj",
    dropout: headDropout(config),
    dropsFirst: true
  },
  maskedLmHead: {
    dense: "generator_predictions.dense",
    activation: Activations.gelu,
    norm: "generator_predictions.LayerNorm",
    bias: "generator_lm_head.bias",
    decoder: "generator_lm_head.weight"
  }
})

export const distilbert = (config: Config): BertConfig => {
  const read = reader(config)
  read.only("sinusoidal_pos_embds", false)
  const activation = read.activation("activation", "gelu")
  return checked({
    baseModelPrefix: "distilbert",
    family: "DistilBert",
    reader: read,
    vocabSize: read.size("vocab_size", 30522),
    hiddenSize: read.size("dim", 768),
    embeddingSize: read.size("dim", 768),
    numAttentionHeads: read.size("n_heads", 12),
    numHiddenLayers: read.size("n_layers", 6),
    intermediateSize: read.size("hidden_dim", 3072),
    maxPositionEmbeddings: read.size("max_position_embeddings", 512),
    typeVocabSize: 0,
    layerNormEps: 1e-12,
    initializerRange: read.number("initializer_range", 0.02),
    padTokenId: read.token("pad_token_id", 0),
    hiddenDropoutProb: read.rate("dropout", 0.1),
    attentionProbsDropoutProb: read.rate("attention_dropout", 0.1),
    attentionOutputDropout: 0,
    hiddenAct: activation,
    positionsSkipPadding: false,
    names: {
      layers: "transformer.layer",
      query: "attention.q_lin",
      key: "attention.k_lin",
      value: "attention.v_lin",
      attentionOutput: "attention.out_lin",
      attentionNorm: "sa_layer_norm",
      intermediate: "ffn.lin1",
      output: "ffn.lin2",
      outputNorm: "output_layer_norm"
    },
    sequenceHead: {
      dense: "pre_classifier",
      activation: tf.relu,
      out: "classifier",
      dropout: read.rate("seq_classif_dropout", 0.2),
      dropsFirst: false
    },
    maskedLmHead: {
      dense: "vocab_transform",
      activation,
      norm: "vocab_layer_norm",
      bias: "vocab_projector.bias",
      decoder: "vocab_projector.weight"
    },
    classifierDropout: read.rate("dropout", 0.1),
    qaDropout: read.rate("qa_dropout", 0.1)
  })
}

const common = (
  config: Config,
  own: Pick<
    BertConfig,
    "baseModelPrefix" | "family" | "hiddenSize" | "numAttentionHeads" | "intermediateSize" | "padTokenId" | "vocabSize"
  >
): Omit<BertConfig, "sequenceHead" | "maskedLmHead"> => {
  const read = reader(config)
  read.only("position_embedding_type", "absolute")
  read.only("is_decoder", false)
  read.only("add_cross_attention", false)
  return checked({
    ...own,
    reader: read,
    vocabSize: read.size("vocab_size", own.vocabSize),
    hiddenSize: read.size("hidden_size", own.hiddenSize),
    embeddingSize: read.size("hidden_size", own.hiddenSize),
    numAttentionHeads: read.size("num_attention_heads", own.numAttentionHeads),
    numHiddenLayers: read.size("num_hidden_layers", 12),
    intermediateSize: read.size("intermediate_size", own.intermediateSize),
    maxPositionEmbeddings: read.size("max_position_embeddings", 512),
    typeVocabSize: read.size("type_vocab_size", 2),
    layerNormEps: read.number("layer_norm_eps", 1e-12),
    initializerRange: read.number("initializer_range", 0.02),
    padTokenId: read.token("pad_token_id", own.padTokenId),
    hiddenDropoutProb: read.rate("hidden_dropout_prob", 0.1),
    attentionProbsDropoutProb: read.rate("attention_probs_dropout_prob", 0.1),
    attentionOutputDropout: read.rate("hidden_dropout_prob", 0.1),
    hiddenAct: read.activation("hidden_act", "gelu"),
    positionsSkipPadding: false,
    names: bertNames,
    classifierDropout: headDropout(config),
    qaDropout: 0
  })
}

const headDropout = (config: Config): number => {
  const read = reader(config)
  return read.rate("classifier_dropout", read.rate("hidden_dropout_prob", 0.1))
}

const checked = <C extends Pick<BertConfig, "reader" | "numAttentionHeads" | "hiddenSize" | "padTokenId" | "vocabSize">>(
  config: C
): C => {
  divides("num_attention_heads", config.numAttentionHeads, config.hiddenSize)
  if (config.padTokenId !== null && config.padTokenId >= config.vocabSize)
    throw new InvalidConfig({
      field: "pad_token_id",
      reason: `is ${config.padTokenId}, and the vocabulary is 0 to ${config.vocabSize - 1}`
    })
  return config
}
