/** Laws of metrics: monoids, whose results do not depend on how rows are split into batches, nor on the order of combination. */
import "@tensorflow/tfjs-backend-cpu"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import * as AbsoluteError from "../../src/Metrics/AbsoluteError.ts"
import * as Accuracy from "../../src/Metrics/Accuracy.ts"
import * as Bleu from "../../src/Metrics/Bleu.ts"
import * as ConfusionMatrix from "../../src/Metrics/ConfusionMatrix.ts"
import * as EditRate from "../../src/Metrics/EditRate.ts"
import * as ExactMatch from "../../src/Metrics/ExactMatch.ts"
import * as F1 from "../../src/Metrics/F1.ts"
import * as MatthewsCorrelation from "../../src/Metrics/MatthewsCorrelation.ts"
import * as MeanLoss from "../../src/Metrics/MeanLoss.ts"
import * as Metric from "../../src/Metrics/Metric.ts"
import * as Pearson from "../../src/Metrics/Pearson.ts"
import * as Perplexity from "../../src/Metrics/Perplexity.ts"
import * as Precision from "../../src/Metrics/Precision.ts"
import * as R2 from "../../src/Metrics/R2.ts"
import * as Recall from "../../src/Metrics/Recall.ts"
import * as RocAuc from "../../src/Metrics/RocAuc.ts"
import * as Rouge from "../../src/Metrics/Rouge.ts"
import * as Spearman from "../../src/Metrics/Spearman.ts"
import * as SquaredError from "../../src/Metrics/SquaredError.ts"
import * as TokenErrorRate from "../../src/Metrics/TokenErrorRate.ts"
import * as TopK from "../../src/Metrics/TopK.ts"
import * as Loss from "../../src/Model/Loss.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import { tf } from "../../src/Tensor/Tensor.ts"

vi.setConfig({ testTimeout: 60_000 })
beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

interface Row {
  readonly logits: ReadonlyArray<number>
  readonly label: number
  readonly targets: ReadonlyArray<number>
  readonly ids: ReadonlyArray<number>
  readonly reference: ReadonlyArray<number>
}
/** Logits are whole numbers, so that sums of squares are exact; ties happen. */
const numbers = fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 3, maxLength: 3 })
const ids = fc.array(fc.constantFrom(0, 1, 2, 3, -100), { minLength: 5, maxLength: 5 })
const row = fc.record({ logits: numbers, label: fc.constantFrom(0, 1, 2, -100), targets: numbers, ids, reference: ids })
const rows = fc.array(row, { minLength: 1, maxLength: 12 })

const classes = ["a", "b", "c"]
const text = {
  predictions: "ids",
  labels: "reference",
  decode: (ids: ReadonlyArray<number>) => ids.map((id) => classes[id] ?? "d").join(" ")
}
const targets = { labels: "targets" }

/** Metrics that measure and keep the same, and differ in their figures alone: measured once, they are one metric of all figures. */
const together = <S>(metrics: ReadonlyArray<Metric.Metric<S>>): Metric.Metric<S> => ({
  ...metrics[0]!,
  names: metrics.flatMap(({ names }) => names),
  finish: (state) => Object.assign({}, ...metrics.map((metric) => metric.finish(state)))
})

/** How near figures of different cuts are, relative to themselves, or to 1 where they may be differences. */
interface Lawful {
  readonly name: string
  readonly metric: Metric.Metric<unknown>
  readonly within: number
  readonly atLeast?: number
}
const table: ReadonlyArray<Lawful> = [
  { name: "accuracy", metric: Accuracy.make(), within: 0 },
  { name: "top-2 accuracy", metric: TopK.make(2), within: 0 },
  { name: "token error rate", metric: TokenErrorRate.make(), within: 0 },
  { name: "confusion matrix", metric: ConfusionMatrix.make(classes), within: 0 },
  {
    name: "precision, recall and F1, however averaged",
    metric: together(
      (["macro", "micro", "weighted", "each", "binary"] as const).flatMap((average) =>
        [Precision, Recall, F1].map(({ make }) => make(classes, { average }))
      )
    ),
    within: 0
  },
  { name: "Matthews correlation", metric: MatthewsCorrelation.make(classes), within: 0 },
  { name: "ROC-AUC", metric: RocAuc.make({ logits: "score" }), within: 0 },
  {
    name: "ROC-AUC, one against the rest, however averaged",
    metric: together((["macro", "weighted", "each"] as const).map((average) => RocAuc.oneVsRest(classes, { average }))),
    within: 0
  },
  { name: "squared error", metric: SquaredError.make(targets), within: 1e-6 },
  { name: "absolute error", metric: AbsoluteError.make(targets), within: 1e-6 },
  { name: "R2", metric: R2.make(targets), within: 2e-6, atLeast: 1 },
  { name: "Pearson correlation", metric: Pearson.make(targets), within: 2e-6, atLeast: 1 },
  { name: "Spearman correlation", metric: Spearman.make(targets), within: 1e-12, atLeast: 1 },
  { name: "loss", metric: MeanLoss.make(), within: 1e-6 },
  { name: "perplexity", metric: Perplexity.make(), within: 2e-5 },
  { name: "edit rate of ids", metric: EditRate.make({ ...text, skip: [0], end: 3 }), within: 0 },
  { name: "word error rate", metric: EditRate.words(text), within: 0 },
  { name: "character error rate", metric: EditRate.characters(text), within: 0 },
  { name: "exact match", metric: ExactMatch.make({ ...text, skip: [0, 1] }), within: 0 },
  { name: "BLEU", metric: Bleu.make(text), within: 0 },
  { name: "ROUGE", metric: Rouge.make(text), within: 1e-12 },
  { name: "all of them", metric: Metric.all([Accuracy.make(), Metric.prefix(TopK.make(2), "b"), MeanLoss.make()]), within: 1e-6 }
]

/** Fields are made when a metric takes them. */
const measure = (metric: Metric.Metric<unknown>, batch: ReadonlyArray<Row>): HostTensor.HostTensors => {
  const matrix = (field: "logits" | "targets") => tf.tensor2d(batch.map((one) => [...one[field]]))
  const whole = (field: "ids" | "reference") =>
    tf.tensor2d(
      batch.map((one) => [...one[field]]),
      undefined,
      "int32"
    )
  const labels = () =>
    tf.tensor1d(
      batch.map(({ label }) => label),
      "int32"
    )
  const measured = tf.tidy(() =>
    metric.measure(
      {
        outputs: {
          get logits() {
            return matrix("logits")
          },
          get score() {
            return tf.tensor1d(batch.map(({ logits }) => logits[0]!))
          },
          get ids() {
            return whole("ids")
          }
        },
        get loss() {
          return Loss.crossEntropy(matrix("logits"), labels())
        }
      },
      {
        get labels() {
          return labels()
        },
        get targets() {
          return matrix("targets")
        },
        get reference() {
          return whole("reference")
        }
      }
    )
  )
  const host = HostTensor.fromDevice(measured)
  tf.dispose(measured)
  return host
}
const over = <S>(metric: Metric.Metric<S>, batches: ReadonlyArray<ReadonlyArray<Row>>): S =>
  batches.reduce<S>((state, batch) => metric.update(state, measure(metric, batch)), metric.empty)

/** Cuts a list after some of its elements. */
const cut = <A>(list: ReadonlyArray<A>, after: ReadonlyArray<boolean>): ReadonlyArray<ReadonlyArray<A>> => {
  const parts: Array<Array<A>> = [[]]
  list.forEach((element, i) => {
    parts.at(-1)!.push(element)
    if (after[i] === true && i < list.length - 1) parts.push([])
  })
  return parts
}

/** Combines neighbours, picked one after the other, until one is left. */
const grouped = <S>(metric: Metric.Metric<S>, states: ReadonlyArray<S>, picks: ReadonlyArray<number>): S => {
  const left = [...states]
  for (const pick of picks) {
    if (left.length === 1) break
    const at = pick % (left.length - 1)
    left.splice(at, 2, metric.combine(left[at]!, left[at + 1]!))
  }
  return left.reduce(metric.combine)
}

const twelve = <A>(arbitrary: fc.Arbitrary<A>) => fc.array(arbitrary, { minLength: 12, maxLength: 12 })

describe.each(table)("$name", ({ metric, within, atLeast = 0 }) => {
  const finished = (state: unknown) => ({ scalars: metric.finish(state), figures: metric.figures?.(state) ?? {} })
  const expectSame = (left: unknown, right: unknown) => {
    const [a, b] = [finished(left), finished(right)]
    expect(a.figures).toEqual(b.figures)
    expect(Object.keys(a.scalars)).toEqual(metric.names)
    for (const name of metric.names) {
      const [x, y] = [a.scalars[name]!, b.scalars[name]!]
      if (!Object.is(x, y)) expect(Math.abs(x - y), name).toBeLessThanOrEqual(within * Math.max(atLeast, Math.abs(x)))
    }
  }

  it("is a monoid that does not depend on how the rows are split, nor on the order and the grouping of the parts", () => {
    fc.assert(
      fc.property(rows, twelve(fc.boolean()), twelve(fc.nat()), twelve(fc.nat()), (all, cuts, order, picks) => {
        const whole = over(metric, [all])
        const measured = cut(all, cuts).map((batch) => measure(metric, batch))
        const states = measured.map((one) => metric.update(metric.empty, one))
        const before = structuredClone(states)
        const shuffled = [...states.keys()].sort((a, b) => order[a]! - order[b]!)
        expectSame(measured.reduce<unknown>(metric.update, metric.empty), whole)
        expectSame(grouped(metric, states, picks), whole)
        expectSame(
          grouped(
            metric,
            shuffled.map((i) => states[i]!),
            picks
          ),
          whole
        )
        expect(metric.combine(metric.empty, states[0])).toEqual(states[0])
        expect(metric.combine(states[0], metric.empty)).toEqual(states[0])
        expect(states).toEqual(before)
      }),
      { numRuns: 200 }
    )
  })

  it("gives NaN for an empty set: nothing was measured", () => {
    expect(Object.values(metric.finish(metric.empty))).toEqual(metric.names.map(() => Number.NaN))
  })
})

it("R2 and Pearson detect constants, whatever their value and however they are split", () => {
  const constant = fc.float({ min: -1e6, max: 1e6, noNaN: true })
  const cutAt = fc.integer({ min: 1, max: 6 })
  fc.assert(
    fc.property(constant, constant, fc.array(fc.integer(), { minLength: 2, maxLength: 7 }), cutAt, (y, p, list, at) => {
      const finish = (metric: Metric.Metric<unknown>) => {
        const state = [list.slice(0, at), list.slice(at)].reduce<unknown>((state, part) => {
          const column = (value: number) => tf.fill([part.length], value, "float32")
          const measured = tf.tidy(() => metric.measure({ outputs: { logits: column(p) } }, { labels: column(y) }))
          const updated = metric.update(state, HostTensor.fromDevice(measured))
          tf.dispose(measured)
          return updated
        }, metric.empty)
        return metric.finish(state)
      }
      expect(finish(R2.make())).toEqual({ r2: p === y ? 1 : 0 })
      expect(finish(Pearson.make())).toEqual({ pearson: Number.NaN })
      expect(finish(Spearman.make())).toEqual({ spearman: Number.NaN })
    }),
    { numRuns: 200 }
  )
})

it("ROC-AUC is the part of pairs that are in order, a tie half", () => {
  fc.assert(
    fc.property(rows, (all) => {
      const of = (wanted: number) => all.filter(({ label }) => label === wanted).map(({ logits }) => logits[0]!)
      const [negatives, positives] = [of(0), of(1)]
      const wins = positives.flatMap((p) => negatives.map((n) => (p > n ? 1 : p === n ? 0.5 : 0)))
      const metric = RocAuc.make({ logits: "score" })
      const { roc_auc } = metric.finish(over(metric, [all]))
      if (wins.length === 0) expect(roc_auc).toBeNaN()
      else expect(roc_auc).toBeCloseTo(wins.reduce((sum: number, win) => sum + win, 0) / wins.length, 12)
    }),
    { numRuns: 200 }
  )
})

it("Matthews correlation of two classes is Pearson's of zeros and ones; F1 is the harmonic mean of precision and recall", () => {
  const two = rows.map((all) => all.filter(({ label }) => label === 0 || label === 1)).filter((all) => all.length > 0)
  fc.assert(
    fc.property(two, (all) => {
      const first = ({ logits: [a, b] }: Row) => (b! > a! ? 1 : 0)
      const narrow = all.map((one) => ({ ...one, logits: one.logits.slice(0, 2) }))
      const names = ["a", "b"]
      const matthews = MatthewsCorrelation.make(names)
      const pearson = Pearson.make(targets)
      const coded = all.map((one) => ({ ...one, logits: [first(one)], targets: [one.label] }))
      const expected = pearson.finish(over(pearson, [coded])).pearson!
      const actual = matthews.finish(over(matthews, [narrow])).matthews_correlation!
      expect(actual).toBeCloseTo(Number.isNaN(expected) ? 0 : expected, 5)
      const options = { average: "binary" } as const
      const metric = Metric.all([Precision.make(names, options), Recall.make(names, options), F1.make(names, options)])
      const { precision, recall, f1 } = metric.finish(over(metric, [narrow]))
      expect(f1).toBeCloseTo(precision! + recall! === 0 ? 0 : (2 * precision! * recall!) / (precision! + recall!), 12)
    }),
    { numRuns: 200 }
  )
})

it("the edit distance is a metric: 0 of equals alone, symmetric, never longer than a way round", () => {
  fc.assert(
    fc.property(ids, ids, ids, fc.nat(5), (a, b, c, length) => {
      const short = a.slice(0, length)
      expect(EditRate.distance(short, b) === 0).toBe(short.join() === b.join())
      expect(EditRate.distance(short, b)).toBe(EditRate.distance(b, short))
      expect(EditRate.distance(short, c)).toBeLessThanOrEqual(EditRate.distance(short, b) + EditRate.distance(b, c))
      expect(EditRate.distance(short, [])).toBe(short.length)
    }),
    { numRuns: 200 }
  )
})

it("counts what a loop over the rows counts", () => {
  const k = 2
  fc.assert(
    fc.property(rows, (all) => {
      const counted = all.filter(({ label }) => label >= 0)
      const first = ({ logits }: Row) => logits.indexOf(Math.max(...logits))
      const right = counted.filter((one) => first(one) === one.label).length
      const near = counted.filter(({ logits, label }) => logits.filter((logit) => logit > logits[label]!).length < k).length
      const accuracy = Accuracy.make()
      expect(accuracy.finish(over(accuracy, [all]))).toEqual({ accuracy: right / counted.length })
      const top = TopK.make(k)
      expect(top.finish(over(top, [all]))).toEqual({ top_2_accuracy: near / counted.length })
      const confusion = ConfusionMatrix.make(["a", "b", "c"])
      const matrix = [0, 1, 2].map((label) =>
        [0, 1, 2].map((guess) => counted.filter((one) => one.label === label && first(one) === guess).length)
      )
      expect(confusion.figures?.(over(confusion, [all]))).toEqual({
        confusion_matrix: { _tag: "Matrix", rows: "label", columns: "prediction", labels: ["a", "b", "c"], values: matrix }
      })
    }),
    { numRuns: 200 }
  )
})
