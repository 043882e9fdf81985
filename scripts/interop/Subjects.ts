/** The subjects, one function each. */
import { join } from "node:path"
import { Effect } from "effect"
import { type Safetensors, Tree } from "../../src/nn.ts"
import { Pretrained, type Transformers } from "../../src/transformers.ts"
import * as Adapters from "./Adapters.ts"
import * as Case from "./Case.ts"
import type { Subject } from "./Subject.ts"
import * as Training from "./Training.ts"

const halves = { bf16: "BF16", fp16: "F16" } as const
const formats = Object.keys(halves) as ReadonlyArray<keyof typeof halves>

/** Reads a folder, which must have all parameters and no others. */
const load = Effect.fnUntraced(function* (own: Case.Case, name: string) {
  const { model, fresh, unused } = yield* Pretrained.load(join(own.folder, name))
  if (fresh.length + unused.length > 0) return yield* Effect.fail(new Error(`${name}: ${fresh} begin anew, ${unused} are left`))
  return { model, parameters: model.init(own.key) }
})

/** Compares what ours and theirs make of one folder. */
const same = Effect.fnUntraced(function* (own: Case.Case, name: string, gradients = false) {
  const { model, parameters } = yield* load(own, name)
  return Case.compare(own, yield* Case.run(own, model, parameters, gradients), yield* Case.expected(own, name))
})

/** Python makes and saves, in one file or several; ours loads. */
const theirs: Subject = {
  name: "theirs",
  write: () => Effect.succeed([]),
  compare: (own) => same(own, "theirs", true)
}

/** The same in half precision. */
const theirHalves: Subject = {
  name: "their halves",
  write: () => Effect.succeed([]),
  compare: (own) =>
    Effect.map(
      Effect.forEach(formats, (format) => same(own, `theirs-${format}`)),
      Case.worst
    )
}

const save = (own: Case.Case, name: string, more: { maxShardBytes?: number; stored?: Record<string, Safetensors.Stored> }) =>
  Pretrained.save(join(own.folder, name), { model: Case.model(own), parameters: Case.parameters(own), ...more })

/** Ours makes and saves, in one file and in several; Python loads. */
const ours: Subject = {
  name: "ours",
  write: Effect.fnUntraced(function* (own) {
    yield* save(own, "ours", {})
    yield* save(own, "ours-sharded", { maxShardBytes: 4000 })
    return ["ours", "ours-sharded"]
  }),
  compare: Effect.fnUntraced(function* (own) {
    const outputs = yield* Case.run(own, Case.model(own), Case.parameters(own))
    const all = yield* Effect.forEach(["ours", "ours-sharded"], (name) => Case.expected(own, name))
    return Case.worst(all.map((given) => Case.compare(own, outputs, given)))
  })
}

/** The same in half precision. */
const ourHalves: Subject = {
  name: "our halves",
  write: (own) =>
    Effect.forEach(formats, (format) => {
      const stored = Tree.map(Case.parameters(own), (): Safetensors.Stored => halves[format])
      return Effect.as(save(own, `ours-${format}`, { stored }), `ours-${format}`)
    }),
  compare: (own) =>
    Effect.map(
      Effect.forEach(formats, (format) => same(own, `ours-${format}`)),
      Case.worst
    )
}

/** Two steps, and one more by another run that goes on from there; Python loads the checkpoint. */
const resumed: Subject = {
  name: "resumed",
  write: Effect.fnUntraced(function* (own) {
    const model: Transformers.Transformer = { ...Case.model(own), init: () => Case.parameters(own) }
    yield* Training.run(own, model, { folder: "run", maxSteps: 2 })
    yield* Training.run(own, model, { folder: "run", maxSteps: 3 })
    return [checkpoint]
  }),
  compare: Effect.fnUntraced(function* (own) {
    const { model, parameters } = yield* load(own, checkpoint)
    if (!Case.moved(Case.parameters(own), parameters)) return yield* Effect.fail(new Error("training changed nothing"))
    return Case.compare(own, yield* Case.run(own, model, parameters), yield* Case.expected(own, checkpoint))
  })
}

const checkpoint = "run/checkpoint-3"

export const all: ReadonlyArray<Subject> = [theirs, theirHalves, ours, ourHalves, resumed, ...Adapters.all]
