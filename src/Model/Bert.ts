/** BERT and its relatives RoBERTa, DistilBERT and ELECTRA, with heads for sequences, tokens, answers and masked words. */
import * as Init from "../Tensor/Init.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import { type BertConfig, bert, distilbert, electra, roberta } from "./Bert/BertConfig.ts"
import { encode, blueprint as encoderBlueprint, wordsOf } from "./Bert/Encoder.ts"
import * as Blueprint from "./Blueprint.ts"
import * as Checks from "./Checks.ts"
import type { Config } from "./Config.ts"
import * as Dense from "./Dense.ts"
import * as Dropout from "./Dropout.ts"
import * as LayerNorm from "./LayerNorm.ts"
import * as Losses from "./Loss.ts"
import { type Context, type Loss, parameter, take } from "./Model.ts"
import * as Objective from "./Objective.ts"
import { hiddenOutputs, type Make, make, type Transformer } from "./Transformer.ts"

/** What a head adds to the encoder. */
interface Head {
  readonly blueprint: Blueprint.Blueprint
  readonly labels: ReadonlyArray<string>
  readonly checks: ReadonlyArray<Checks.Check>
  readonly outputs: (parameters: Tensors, states: Tensor, context: Context) => Tensors
  readonly loss: (outputs: Tensors, batch: Tensors) => Loss
  readonly ignoredTensors?: RegExp
}

/**
 * The architectures by name. `RobertaForMaskedLM` and the others are these with other names in the file.
 *
 * **Source**: Devlin et al. 2019, https://arxiv.org/abs/1810.04805; Liu et al. 2019, https://arxiv.org/abs/1907.11692; Sanh et al. 2019,
 * https://arxiv.org/abs/1910.01108; Clark et al. 2020, https://arxiv.org/abs/2003.10555. Equal to transformers' to 1e-5 (test/golden/bert.test.ts).
 */
export const architectures = (): Readonly<Record<string, Make>> =>
  Object.fromEntries(
    [bert, roberta, distilbert, electra].flatMap((configOf) =>
      Object.entries(heads).map(([task, headOf]): [string, Make] => {
        const { family } = configOf({})
        return [`${family}For${task}`, (given) => withHead(`${family}For${task}`, given, configOf(given), headOf)]
      })
    )
  )

const withHead = (architecture: string, given: Config, config: BertConfig, headOf: (config: BertConfig) => Head): Transformer => {
  const head = headOf(config)
  const input = ["input_ids", "attention_mask", ...(config.typeVocabSize > 0 ? ["token_type_ids"] : []), "position_ids"]
  return make({
    architecture,
    modelType: config.baseModelPrefix,
    config: given,
    base: config.baseModelPrefix,
    blueprint: { ...encoderBlueprint(config), ...head.blueprint },
    embedding: `${config.baseModelPrefix}.embeddings.word_embeddings.weight`,
    ...(config.padTokenId === null ? {} : { padTokenId: config.padTokenId }),
    ignoredTensors: new RegExp(
      [others, ...(head.ignoredTensors === undefined ? [] : [head.ignoredTensors])].map(({ source }) => source).join("|")
    ),
    inputs: input,
    labels: head.labels,
    validate: Checks.all([
      Checks.tokens("input_ids", config.vocabSize),
      Checks.tokens("token_type_ids", Math.max(1, config.typeVocabSize)),
      Checks.length(
        "input_ids",
        config.positionsSkipPadding ? config.maxPositionEmbeddings - (config.padTokenId ?? 0) - 1 : config.maxPositionEmbeddings
      ),
      Checks.tokens("position_ids", config.maxPositionEmbeddings),
      ...head.checks
    ]),
    apply: (parameters, batch, context) => {
      const states = encode(config, parameters, batch, context)
      const outputs = head.outputs(parameters, states.at(-1)!, context)
      const all = { ...outputs, ...hiddenOutputs(given, states) }
      return head.labels.every((label) => label in batch) ? { outputs: all, loss: head.loss(outputs, batch) } : { outputs: all }
    }
  })
}

/** Constants in old files, and what pretraining leaves there beside the words' head. */
const others = /\.embeddings\.(position_ids|token_type_ids)$|^\w+\.pooler\.|^cls\.seq_relationship\./

const dense = (config: BertConfig, outputs: number) =>
  Blueprint.dense(config.hiddenSize, outputs, Init.normal({ stddev: config.initializerRange }))
const logitsOf = (outputs: Tensors) => take("loss", "outputs", outputs, "logits")
const labelsOf = (batch: Tensors) => take("loss", "batch", batch, "labels")

const sequence = (config: BertConfig): Head => {
  const { sequenceHead: wiring, reader } = config
  const classes = reader.labels()
  const given = reader.config.problem_type
  const problem = given === null || given === undefined ? undefined : (reader.text("problem_type", "") as Objective.ProblemType)
  const single = problem === "single_label_classification" || (problem === undefined && classes > 1)
  return {
    blueprint: Blueprint.parts({ [wiring.dense]: dense(config, config.hiddenSize), [wiring.out]: dense(config, classes) }),
    labels: ["labels"],
    checks: single
      ? [(batch) => (batch.labels?.dtype === "int32" ? Checks.classes("labels", classes, true)(batch) : undefined)]
      : [],
    outputs: (parameters, states, context) => {
      const drop = (site: string, x: Tensor) => Dropout.apply(context, site, x, wiring.dropout)
      const [batch, , width] = states.shape as [number, number, number]
      const first = tf.reshape(tf.slice(states, [0, 0, 0], [batch, 1, width]), [batch, width])
      const inner = Dense.apply(parameters, wiring.dense, wiring.dropsFirst ? drop(wiring.dense, first) : first)
      return { logits: Dense.apply(parameters, wiring.out, drop(wiring.out, wiring.activation(inner))) }
    },
    loss: (outputs, batch) => Objective.sequence(logitsOf(outputs), labelsOf(batch), problem)
  }
}

const token = (config: BertConfig): Head => {
  const classes = config.reader.labels()
  return {
    blueprint: Blueprint.parts({ classifier: dense(config, classes) }),
    labels: ["labels"],
    checks: [Checks.classes("labels", classes, true)],
    outputs: (parameters, states, context) => ({
      logits: Dense.apply(parameters, "classifier", Dropout.apply(context, "classifier", states, config.classifierDropout))
    }),
    loss: (outputs, batch) => Losses.crossEntropy(logitsOf(outputs), labelsOf(batch))
  }
}

const answer = (config: BertConfig): Head => ({
  blueprint: Blueprint.parts({ qa_outputs: dense(config, 2) }),
  labels: ["start_positions", "end_positions"],
  checks: [],
  outputs: (parameters, states, context) => {
    const logits = Dense.apply(parameters, "qa_outputs", Dropout.apply(context, "qa_outputs", states, config.qaDropout))
    const [start, end] = tf.unstack(logits, -1)
    return { start_logits: start!, end_logits: end! }
  },
  loss: (outputs, batch) =>
    Objective.answer({
      startLogits: take("loss", "outputs", outputs, "start_logits"),
      endLogits: take("loss", "outputs", outputs, "end_logits"),
      startPositions: take("loss", "batch", batch, "start_positions"),
      endPositions: take("loss", "batch", batch, "end_positions")
    })
})

const words = (config: BertConfig): Head => {
  const { maskedLmHead: wiring } = config
  const tied = config.reader.flag("tie_word_embeddings", true)
  const init = Init.normal({ stddev: config.initializerRange })
  return {
    blueprint: {
      ...Blueprint.parts({
        [wiring.dense]: dense(config, config.embeddingSize),
        [wiring.norm]: Blueprint.layerNorm(config.embeddingSize)
      }),
      [wiring.bias]: { shape: [config.vocabSize], init: Init.zeros },
      ...(tied ? {} : { [wiring.decoder]: { shape: [config.vocabSize, config.embeddingSize], init } })
    },
    labels: ["labels"],
    checks: [Checks.classes("labels", config.vocabSize, true)],
    ignoredTensors: /^(cls\.predictions|lm_head)\.decoder\.(weight|bias)$|^vocab_projector\.weight$|^generator_lm_head\.weight$/,
    outputs: (parameters, states) => {
      const inner = wiring.activation(Dense.apply(parameters, wiring.dense, states))
      const normal = LayerNorm.apply(parameters, wiring.norm, inner, { epsilon: config.layerNormEps })
      const table = tied ? wordsOf(config, parameters) : parameter(parameters, wiring.decoder)
      return { logits: Dense.affine(normal, table, parameter(parameters, wiring.bias)) }
    },
    loss: (outputs, batch) => Losses.crossEntropy(logitsOf(outputs), labelsOf(batch))
  }
}

const heads: Readonly<Record<string, (config: BertConfig) => Head>> = {
  SequenceClassification: sequence,
  TokenClassification: token,
  QuestionAnswering: answer,
  MaskedLM: words
}
