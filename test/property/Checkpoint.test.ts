import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Checkpoint } from "../../src/Checkpoint/CheckpointStore.ts"
import * as Folder from "../../src/Checkpoint/Folder.ts"
import type { HostTensor } from "../../src/Tensor/HostTensor.ts"
import { bits } from "../../src/Testing/SampleCheckpoint.ts"
import { append, type Evaluations, initial } from "../../src/TrainerState.ts"

const plain = { noNullPrototype: true }
const figure = fc.double()
const figures = fc.dictionary(
  fc.string({ maxLength: 8 }).filter((name) => name !== "__proto__"),
  figure,
  { noNullPrototype: true, maxKeys: 4 }
)

/** Any bits in any small shape: NaN payloads, subnormals, no elements, no dimensions. */
const tensor: fc.Arbitrary<HostTensor> = fc
  .tuple(fc.array(fc.nat(3), { maxLength: 3 }), fc.constantFrom("float32", "int32", "bool"))
  .chain(([shape, dtype]): fc.Arbitrary<HostTensor> => {
    const length = shape.reduce((product, n) => product * n, 1)
    const exact = { minLength: length, maxLength: length }
    if (dtype === "bool")
      return fc.array(fc.nat(1), exact).map((data) => ({ dtype, shape, data: Uint8Array.from(data) }) as const)
    return fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), exact).map((words) => {
      const { buffer } = Uint32Array.from(words)
      return { dtype, shape, data: dtype === "int32" ? new Int32Array(buffer) : new Float32Array(buffer) } as const
    })
  })

const path = fc.oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.constantFrom("layer.0.weight", "toString", "ß/\\"))
const group = (prefix: string) =>
  fc.dictionary(
    path.map((name) => `${prefix}${name}`),
    tensor,
    { maxKeys: 4, noNullPrototype: true }
  )

const checkpoint: fc.Arbitrary<Checkpoint> = fc
  .record({
    step: fc.nat(),
    losses: fc.record({ sinceLog: figure, total: figure }, plain),
    evaluations: fc.array(fc.record({ step: fc.nat(), epoch: figure, initial: fc.boolean(), metrics: figures }, plain), {
      maxLength: 4
    }),
    parameters: group("p."),
    buffers: group("b."),
    slots: group(""),
    values: figures,
    meta: fc.dictionary(
      fc.string().filter((name) => name !== "__proto__"),
      fc.oneof(figure, fc.string(), fc.boolean()),
      { noNullPrototype: true }
    )
  })
  .map(({ step, losses, evaluations, parameters, buffers, slots, values, meta }) => ({
    state: { ...initial, step, losses, evaluations: evaluations.reduce<Evaluations>(append, null) },
    weights: { parameters, buffers, slots },
    history: [{ _tag: "Scalars", run: "r", attempt: 1, step, epoch: 0.1, kind: "train", values, clock: values }],
    meta
  }))

describe("Folder", () => {
  test("decode(encode(checkpoint)) is the checkpoint, bit for bit", () =>
    fc.assert(
      fc.property(checkpoint, (saved) => {
        expect(bits(Folder.decode(Folder.encode(saved, "run")))).toStrictEqual(bits(saved))
      }),
      { numRuns: 300 }
    ))
})
