/** What scikit-learn, SciPy, sacrebleu, rouge-score and NLTK say of the same data: recorded by scripts/record-metrics.py. */
import { readFileSync } from "node:fs"
import { layer } from "@effect/vitest"
import { describe, expect, it } from "vitest"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import * as Wasm from "../../../src/Layer/Device/Wasm.ts"
import * as AbsoluteError from "../../../src/Metrics/AbsoluteError.ts"
import * as Accuracy from "../../../src/Metrics/Accuracy.ts"
import * as Bleu from "../../../src/Metrics/Bleu.ts"
import * as ConfusionMatrix from "../../../src/Metrics/ConfusionMatrix.ts"
import * as EditRate from "../../../src/Metrics/EditRate.ts"
import * as F1 from "../../../src/Metrics/F1.ts"
import * as MatthewsCorrelation from "../../../src/Metrics/MatthewsCorrelation.ts"
import * as Metric from "../../../src/Metrics/Metric.ts"
import * as Pearson from "../../../src/Metrics/Pearson.ts"
import * as Precision from "../../../src/Metrics/Precision.ts"
import * as R2 from "../../../src/Metrics/R2.ts"
import * as Recall from "../../../src/Metrics/Recall.ts"
import * as RocAuc from "../../../src/Metrics/RocAuc.ts"
import * as Rouge from "../../../src/Metrics/Rouge.ts"
import * as Spearman from "../../../src/Metrics/Spearman.ts"
import * as SplitWords from "../../../src/Metrics/SplitWords.ts"
import * as SquaredError from "../../../src/Metrics/SquaredError.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"

type Value = number | null
interface Recorded {
  readonly classification: Readonly<
    Record<
      string,
      {
        readonly classes: number
        readonly logits: ReadonlyArray<ReadonlyArray<number>>
        readonly labels: ReadonlyArray<number>
        readonly wanted: Readonly<Record<string, Value | ReadonlyArray<Value> | ReadonlyArray<ReadonlyArray<number>>>>
      }
    >
  >
  readonly regression: Readonly<
    Record<
      string,
      {
        readonly predictions: ReadonlyArray<number>
        readonly labels: ReadonlyArray<number>
        readonly wanted: Readonly<Record<string, Value>>
      }
    >
  >
  readonly text: {
    readonly pairs: ReadonlyArray<{
      readonly prediction: string
      readonly references: readonly [string, string]
      readonly bleu: number
      readonly rouge: Readonly<Record<string, readonly [number, number, number]>>
      readonly rouge_two_references: ReadonlyArray<number>
      readonly words: readonly [number, number]
      readonly characters: readonly [number, number]
    }>
    readonly bleu: number
    readonly bleu_two_references: number
    readonly bleu_lowercase: number
    readonly tokens: ReadonlyArray<string>
  }
}
const recorded: Recorded = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8"))

/** The state after batches of a few rows. */
const over = <S, Row>(
  metric: Metric.Metric<S>,
  rows: ReadonlyArray<Row>,
  batch: (rows: ReadonlyArray<Row>) => Batch,
  size = 7
): S => {
  const before = tf.memory().numTensors
  let state = metric.empty
  for (let at = 0; at < rows.length; at += size) {
    const measured = tf.tidy(() => metric.measure(...batch(rows.slice(at, at + size))))
    state = metric.combine(metric.update(metric.empty, HostTensor.fromDevice(measured)), state)
    tf.dispose(measured)
  }
  expect(tf.memory().numTensors).toBe(before)
  return state
}
type Batch = Parameters<Metric.Metric<unknown>["measure"]>

const expectNear = (actual: number | undefined, wanted: Value, within: number, name?: string) => {
  if (wanted === null) expect(actual, name).toBeNaN()
  else expect(Math.abs((actual ?? Number.NaN) - wanted), `${name}: ${actual} is not ${wanted}`).toBeLessThanOrEqual(within)
}

const suite = () => {
  describe.each(Object.entries(recorded.classification))("classes: %s", (_, { classes, logits, labels, wanted }) => {
    const names = Array.from({ length: classes }, (_, i) => `${i}`)
    const rows = labels.map((label, i) => ({ label, logits: logits[i]! }))
    const finish = <S>(metric: Metric.Metric<S>) =>
      metric.finish(
        over(metric, rows, (some) => [
          { outputs: { logits: tf.tensor2d(some.map((row) => [...row.logits])) } },
          {
            labels: tf.tensor1d(
              some.map(({ label }) => label),
              "int32"
            )
          }
        ])
      )
    const expectAll = (actual: Readonly<Record<string, number>>) => {
      for (const [name, value] of Object.entries(actual)) expectNear(value, wanted[name] as Value, 1e-12, name)
    }
    const expectEach = (name: string, actual: Readonly<Record<string, number>>) =>
      names.forEach((each, i) => {
        expectNear(actual[`${name}_${each}`], (wanted[`${name}_each`] as ReadonlyArray<Value>)[i]!, 1e-12, `${name}_${each}`)
      })

    it.each([
      ["precision", Precision.make],
      ["recall", Recall.make],
      ["f1", F1.make]
    ] as const)("%s", (name, make) => {
      for (const average of ["micro", "macro", "weighted"] as const) {
        const actual = finish(make(names, { average }))
        expect(Object.keys(actual)).toEqual([`${average}_${name}`])
        expectAll(actual)
      }
      expectEach(name, finish(make(names, { average: "each" })))
      if (classes === 2) expectAll(finish(make(names, { average: "binary" })))
    })

    it("Matthews correlation, accuracy, confusion matrix", () => {
      const { matthews_correlation } = finish(MatthewsCorrelation.make(names))
      expectNear(matthews_correlation, wanted.mcc as Value, 1e-12, "mcc")
      expectAll(finish(Accuracy.make()))
      const confusion = ConfusionMatrix.make(names)
      const counts = over(confusion, rows, (some) => [
        { outputs: { logits: tf.tensor2d(some.map((row) => [...row.logits])) } },
        { labels: tf.tensor1d(some.map(({ label }) => label)) }
      ])
      expect(ConfusionMatrix.toRows(counts)).toEqual(wanted.confusion)
    })

    it("ROC-AUC", () => {
      if (classes === 2) expectAll(finish(RocAuc.make()))
      else if ("macro_roc_auc" in wanted) {
        expectAll(finish(RocAuc.oneVsRest(names)))
        expectAll(finish(RocAuc.oneVsRest(names, { average: "weighted" })))
        expectEach("roc_auc", finish(RocAuc.oneVsRest(names, { average: "each" })))
      } else
        for (const average of ["macro", "weighted"] as const)
          expect(Object.values(finish(RocAuc.oneVsRest(names, { average })))).toEqual([Number.NaN])
    })
  })

  describe.each(Object.entries(recorded.regression))("numbers: %s", (_, { predictions, labels, wanted }) => {
    it.each(
      [SquaredError.make(), AbsoluteError.make(), R2.make(), Pearson.make(), Spearman.make()].map(
        (metric) => [metric.names[0]!, metric as Metric.Metric<unknown>] as const
      )
    )("%s", (name, metric) => {
      const rows = labels.map((label, i) => ({ label, prediction: predictions[i]! }))
      const batch = (some: ReadonlyArray<(typeof rows)[number]>): Batch => [
        { outputs: { logits: tf.tensor2d(some.map(({ prediction }) => [prediction])) } },
        { labels: tf.tensor1d(some.map(({ label }) => label)) }
      ]
      for (const size of [1, 7, 64]) {
        const actual = metric.finish(over(metric, rows, batch, size))[name]
        expectNear(actual, wanted[name]!, 1e-6 * Math.max(1, Math.abs(wanted[name] ?? 1)), name)
      }
    })
  })

  describe("text", () => {
    const { pairs, ...corpus } = recorded.text

    it.each(pairs)(
      "one text: $prediction",
      ({ prediction, references, bleu, rouge, rouge_two_references, words, characters }) => {
        expectNear(Bleu.score(Bleu.sentence(prediction, [references[0]])), bleu, 1e-9, "bleu")
        for (const name of Rouge.names) expectNear(Rouge.text(prediction, [references[0]])[name], rouge[name]![2], 1e-12, name)
        const best = Rouge.text(prediction, references)
        Rouge.names.forEach((name, i) => {
          expectNear(best[name], rouge_two_references[i]!, 1e-12, name)
        })
        expect(EditRate.distance(SplitWords.bySpace(prediction), SplitWords.bySpace(references[0]))).toBe(words[0])
        expect(EditRate.distance([...prediction], [...references[0]])).toBe(characters[0])
      }
    )

    it("cuts words as sacrebleu's 13a", () => {
      expect(pairs.map(({ prediction }) => SplitWords.mteval13a(prediction).join(" "))).toEqual(corpus.tokens)
    })

    it("a corpus with two references, and one without case", () => {
      const score = (bleus: ReadonlyArray<Bleu.Bleu>) => Bleu.score(bleus.reduce(Bleu.combine, Bleu.empty))
      expectNear(
        score(pairs.map(({ prediction, references }) => Bleu.sentence(prediction, references))),
        corpus.bleu_two_references,
        1e-9
      )
      const lower = { words: (text: string) => SplitWords.mteval13a(text.toLowerCase()) }
      expectNear(
        score(pairs.map(({ prediction, references: [one] }) => Bleu.sentence(prediction, [one], lower))),
        corpus.bleu_lowercase,
        1e-9
      )
    })

    it("a corpus of ids that are decoded: BLEU, ROUGE, word and character error rates", () => {
      const texts = pairs.flatMap(({ prediction, references: [reference] }) => [prediction, reference])
      const decode = (ids: ReadonlyArray<number>) => ids.map((id) => texts[id]!).join(" ")
      const metric = Metric.all([
        Bleu.make({ decode }),
        Rouge.make({ decode }),
        EditRate.words({ decode }),
        EditRate.characters({ decode })
      ])
      const state = over(metric, [...pairs.keys()], (some) => [
        {
          outputs: {
            logits: tf.tensor2d(
              some.map((i) => [2 * i, -100]),
              [some.length, 2],
              "int32"
            )
          }
        },
        {
          labels: tf.tensor2d(
            some.map((i) => [-100, 2 * i + 1, -100]),
            [some.length, 3],
            "int32"
          )
        }
      ])
      const actual = metric.finish(state)
      const mean = (numbers: ReadonlyArray<number>) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length
      const rate = (of: "words" | "characters") => mean(pairs.map((pair) => pair[of][0])) / mean(pairs.map((pair) => pair[of][1]))
      expectNear(actual.bleu, corpus.bleu, 1e-9)
      for (const name of Rouge.names) expectNear(actual[name], mean(pairs.map(({ rouge }) => rouge[name]![2])), 1e-12, name)
      expectNear(actual.wer, rate("words"), 1e-12)
      expectNear(actual.cer, rate("characters"), 1e-12)
    })
  })
}

layer(Cpu.layer)("cpu", suite)
layer(Wasm.layer)("wasm", suite)
