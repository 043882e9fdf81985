/** Every architecture's sizes where its config says nothing, and its places of dropout, against transformers'. */
import "@tensorflow/tfjs-backend-cpu"
import { readFileSync } from "node:fs"
import { Result } from "effect"
import { afterAll, beforeAll, expect, it, vi } from "vitest"
import * as Transformers from "../../src/Model/Transformers.ts"
import type * as Drop from "../../src/Tensor/Dropout.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import { tf } from "../../src/Tensor/Tensor.ts"

interface Recorded {
  readonly model_type: string
  readonly shapes: Readonly<Record<string, ReadonlyArray<number>>>
  readonly config: Transformers.Config
  /** A rate and a shape each, sorted. */
  readonly dropouts: ReadonlyArray<ReadonlyArray<number>>
}

const { tokens, architectures } = JSON.parse(readFileSync(new URL("./architectures.json", import.meta.url), "utf8")) as {
  readonly tokens: Array<Array<number>>
  readonly architectures: Readonly<Record<string, Recorded>>
}

const dropped = vi.hoisted(() => [] as Array<ReadonlyArray<number>>)
vi.mock("../../src/Tensor/Dropout.ts", async (original) => {
  const own = await original<typeof Drop>()
  const dropout: typeof Drop.dropout = (x, rate, key) => {
    if (rate > 0) dropped.push([rate, ...x.shape])
    return own.dropout(x, rate, key)
  }
  return { ...own, dropout }
})

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

const make = (architecture: string, config: Transformers.Config) =>
  Result.getOrThrow(Transformers.make({ model_type: architectures[architecture]!.model_type, ...config }, architecture))
const byText = (rows: ReadonlyArray<ReadonlyArray<number>>) => rows.map((row) => row.join()).sort()

it("the record has them all", () => {
  expect(Object.keys(architectures).sort()).toEqual([...Transformers.architectures()].sort())
})

it.each(Object.keys(architectures))("%s has the sizes of Python's default config", (architecture) => {
  const { blueprint } = make(architecture, {})
  const shapes = Object.fromEntries(Object.entries(blueprint).map(([path, { shape }]) => [path, shape]))
  expect(shapes).toEqual(architectures[architecture]!.shapes)
})

it.each(Object.keys(architectures))("%s drops out where Python's does", (architecture) => {
  const { config, dropouts } = architectures[architecture]!
  const model = make(architecture, config)
  dropped.length = 0
  tf.tidy(() => {
    const input_ids = tf.tensor2d(tokens, undefined, "int32")
    const batch = { input_ids, ...(model.encode === undefined ? {} : { labels: input_ids }) }
    model.apply(HostTensor.toDevice(model.init(Key.make(0))), batch, { training: true, key: Key.make(1), buffers: {} })
  })
  expect(byText(dropped)).toEqual(byText(dropouts))
})
