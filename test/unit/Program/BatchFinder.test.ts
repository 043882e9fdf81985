/** auto_find_batch_size on a device that runs out of memory above a batch size. */
import { expect, it } from "@effect/vitest"
import { Effect, Equal, Layer, References, Result } from "effect"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import type { Options } from "../../../src/Driver/Run.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import type { Device, DeviceUnavailable } from "../../../src/Layer/Device/Device.ts"
import type { Entry } from "../../../src/Layer/Logger/Logger.ts"
import * as BatchFinder from "../../../src/Program/BatchFinder.ts"
import * as Program from "../../../src/Program/Program.ts"
import { small } from "../../support/smallDevice.ts"
import * as Tiny from "../../support/tiny.ts"

const given = { maxSteps: 5, learningRate: 0.05, loggingSteps: 1, saveSteps: 2, perDeviceTrainBatchSize: 8 } as const

const run = Effect.fnUntraced(function* (
  args: Arguments.Input,
  device: Layer.Layer<Device, DeviceUnavailable>,
  store: ReturnType<typeof Tiny.store> = Tiny.store(),
  options: Options<"interrupted"> = {},
  model = Tiny.model
) {
  const entries: Array<Entry> = []
  const program = Program.make({
    args: { ...given, autoFindBatchSize: true, ...args },
    model,
    dataCollator: Tiny.collate,
    trainDataset: Dataset.fromArray(Tiny.rows(19))
  })
  const { state, weights } = yield* Program.run(program, {}, options).pipe(
    Effect.provide(Layer.mergeAll(device, store.layer, Tiny.logger(entries)), { local: true }),
    Effect.provideService(References.MinimumLogLevel, "None")
  )
  const losses = entries.flatMap((entry) => (entry._tag === "Scalars" && entry.kind === "train" ? [entry.values.loss] : []))
  return { state, weights, losses, meta: [...store.kept.values()].at(-1)!.meta, done: store.done }
})

const explicit = (perDeviceTrainBatchSize: number, gradientAccumulationSteps: number) =>
  run({ autoFindBatchSize: false, perDeviceTrainBatchSize, gradientAccumulationSteps }, Cpu.layer)

it.effect("halves the micro-batch and doubles the accumulation until it fits, with the losses of these arguments", () =>
  Effect.gen(function* () {
    for (const when of [() => true, (during: string) => during === "step 1"]) {
      const found = yield* run({}, small(2, when))
      const wanted = yield* explicit(2, 4)
      expect(found.losses).toEqual(wanted.losses)
      expect(found.losses.length).toBe(5)
      expect(Equal.equals(found.weights, wanted.weights)).toBe(true)
      expect(found.done).toEqual(wanted.done)
      expect(found.meta).toMatchObject({ per_device_train_batch_size: 2, gradient_accumulation_steps: 4 })
    }
  })
)

it.effect("keeps a batch size that fits, also given as per_gpu_train_batch_size", () =>
  Effect.gen(function* () {
    const wanted = yield* explicit(8, 1)
    expect((yield* run({}, Cpu.layer)).losses).toEqual(wanted.losses)
    expect((yield* run({ perGpuTrainBatchSize: 8, perDeviceTrainBatchSize: 3 }, small(8))).losses).toEqual(wanted.losses)
    const four = yield* explicit(4, 2)
    expect((yield* run({ perGpuTrainBatchSize: 8, perDeviceTrainBatchSize: 3 }, small(4))).losses).toEqual(four.losses)
  })
)

it.effect("a resumed run keeps the batch size that was found, also if a larger one would fit", () =>
  Effect.gen(function* () {
    const uninterrupted = yield* explicit(2, 4)
    const store = Tiny.store()
    const interrupt: Options<"interrupted">["observe"] = {
      StepEnded: ({ state }) => (state.step === 3 ? Effect.fail("interrupted" as const) : Effect.succeed([]))
    }
    yield* Effect.flip(run({}, small(2), store, { observe: interrupt }))
    expect((yield* run({}, Cpu.layer, store)).weights).toEqual(uninterrupted.weights)
    const error = yield* Effect.flip(run({ maxSteps: 9 }, small(1), store))
    expect(error).toMatchObject({ _tag: "BatchTooLarge", rows: 2 })
  })
)

it.effect("a resumed run with another total batch size starts from its arguments", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    yield* run({ maxSteps: 2 }, small(2), store)
    const { meta } = yield* run({ maxSteps: 12, perDeviceTrainBatchSize: 3 }, Cpu.layer, store)
    expect(meta).toMatchObject({ per_device_train_batch_size: 3, gradient_accumulation_steps: 1 })
  })
)

it.effect("retries if an allocation fails in the model's code", () =>
  Effect.gen(function* () {
    const model: typeof Tiny.model = {
      ...Tiny.model,
      apply: (parameters, batch, context) => {
        if (batch.x!.shape[0]! > 4) throw new RangeError("Array buffer allocation failed")
        return Tiny.model.apply(parameters, batch, context)
      }
    }
    const found = yield* run({}, Cpu.layer, Tiny.store(), {}, model)
    expect(found.losses).toEqual((yield* explicit(4, 2)).losses)
  })
)

it.effect("does not retry after the first update", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(
      run(
        {},
        small(2, (during) => during === "step 3")
      )
    )
    expect(error).toMatchObject({ _tag: "BatchTooLarge", rows: 8, during: "step 3", device: "cpu" })
    expect((error as Error).message).toContain("A micro-batch of 8 rows does not fit into the memory of device cpu.")
    expect((error as Error).message).toContain("In step 3: Out of memory: 1 MiB")
  })
)

it.effect("fails if one row does not fit, and with the device's error without auto_find_batch_size", () =>
  Effect.gen(function* () {
    const none = yield* Effect.flip(run({}, small(0)))
    expect(none).toMatchObject({ _tag: "BatchTooLarge", rows: 1 })
    expect((none as Error).message).toContain("Use shorter rows")
    const plain = yield* Effect.flip(run({ autoFindBatchSize: false }, small(2)))
    expect(plain).toMatchObject({ _tag: "DeviceError", outOfMemory: true })
  })
)

it("keeps the total batch size: an odd batch size is reduced to its next smaller divisor", () => {
  const args = Result.getOrThrow(Arguments.make({ perDeviceTrainBatchSize: 9, gradientAccumulationSteps: 2 }))
  const sizes: Array<readonly [number, number]> = []
  for (let next: typeof args | undefined = args; next !== undefined; next = BatchFinder.smaller(next))
    sizes.push([next.perDeviceTrainBatchSize, next.gradientAccumulationSteps])
  expect(sizes).toEqual([
    [9, 2],
    [3, 6],
    [1, 18]
  ])
})
