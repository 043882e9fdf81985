/** Log entries for tests: one of each kind, and an arbitrary. */
import fc from "fast-check"
import { defined } from "../Defined.ts"
import type { Config, Entry, Figure, Scalars, Text } from "../Layer/Logger/Logger.ts"

const stamp = (step: number, attempt = 1) => ({ run: "run", attempt, step, epoch: step / 100 })

export const train = (step: number, loss: number, attempt = 1): Scalars => ({
  _tag: "Scalars",
  ...stamp(step, attempt),
  kind: "train",
  values: { loss, learning_rate: 5e-5 },
  clock: {}
})

export const evaluation = (step: number, loss: number, set = "eval", attempt = 1): Scalars => ({
  _tag: "Scalars",
  ...stamp(step, attempt),
  kind: "eval",
  set,
  values: { [`${set}_loss`]: loss, [`${set}_accuracy`]: 0.5 },
  clock: { [`${set}_runtime`]: 1.25, [`${set}_samples_per_second`]: 800 }
})

export const summary = (step: number): Scalars => ({
  _tag: "Scalars",
  ...stamp(step),
  kind: "summary",
  values: { train_loss: 0.5 },
  clock: { train_runtime: 65, train_steps_per_second: 12.5 }
})

export const text = (step: number, words: string): Text => ({ _tag: "Text", ...stamp(step), text: words })

export const figure = (step: number, name = "loss"): Figure => ({
  _tag: "Figure",
  ...stamp(step),
  name,
  figure: {
    _tag: "Lines",
    x: "step",
    y: "loss",
    series: {
      train: [
        [0, 2.5],
        [10, NaN],
        [20, 1]
      ]
    }
  }
})

export const config = (settings: Readonly<Record<string, unknown>>): Config => ({ _tag: "Config", ...stamp(0), config: settings })

export const oneOfEach: ReadonlyArray<Entry> = [
  config({ learning_rate: 5e-5, seed: 42, nested: { a: [1, 2] } }),
  train(10, 2.5),
  text(15, "Saved checkpoint-15"),
  evaluation(20, Infinity),
  figure(20),
  train(20, NaN),
  summary(20)
]

const string = fc.string({ unit: "grapheme" })
const step = fc.record({ run: string, attempt: fc.nat(5), step: fc.nat(1e6), epoch: fc.double({ noNaN: true }) })
const dictionary = <A>(value: fc.Arbitrary<A>) =>
  fc.dictionary(
    string.filter((key) => key !== "__proto__"),
    value,
    { noNullPrototype: true }
  )
const figures = dictionary(fc.double())
const point = fc.tuple(fc.double(), fc.double())

/** Any entry; a config holds only what JSON can hold. */
export const arbitrary: fc.Arbitrary<Entry> = fc.oneof(
  fc.tuple(step, fc.constantFrom("train", "eval", "summary"), fc.option(string, { nil: undefined }), figures, figures).map(
    ([at, kind, set, values, clock]): Entry => ({
      _tag: "Scalars",
      ...at,
      kind,
      ...defined({ set }),
      values,
      clock
    })
  ),
  fc.tuple(step, string).map(([at, words]): Entry => ({ _tag: "Text", ...at, text: words })),
  fc
    .tuple(step, string, string, string, dictionary(fc.array(point)))
    .map(([at, name, x, y, series]): Entry => ({ _tag: "Figure", ...at, name, figure: { _tag: "Lines", x, y, series } })),
  fc.tuple(step, string, fc.array(string), fc.array(fc.array(fc.double()))).map(
    ([at, name, labels, values]): Entry => ({
      _tag: "Figure",
      ...at,
      name,
      figure: { _tag: "Matrix", rows: name, columns: name, labels, values }
    })
  ),
  fc.tuple(step, string, string, fc.array(fc.double()), fc.array(fc.double())).map(
    ([at, name, x, edges, counts]): Entry => ({
      _tag: "Figure",
      ...at,
      name,
      figure: { _tag: "Histogram", x, edges, counts }
    })
  ),
  fc
    .tuple(step, dictionary(fc.jsonValue({ noUnicodeString: false })))
    .map(([at, settings]): Entry => ({ _tag: "Config", ...at, config: settings }))
)
