/** Evaluates weights on a set, batch by batch: each batch is looked at once, and only the metrics' small states are kept. */
import { Clock, Effect, Option, Stream } from "effect"
import type { DataError } from "../Data/Dataset.ts"
import type { Batch, Loader } from "../Data/Loader.ts"
import { Device, type DeviceError } from "../Layer/Device/Device.ts"
import type { Figure } from "../Metrics/Figure.ts"
import type { Metric } from "../Metrics/Metric.ts"
import * as Speed from "../Metrics/Speed.ts"
import type { Model, Outputs } from "../Model/Model.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import * as HostTensor from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import type { Tensors } from "../Tensor/Tensor.ts"
import type { Weights } from "../Tensor/Weights.ts"

export interface Result {
  /** Under their full names: `<set>_loss`, `<set>_accuracy`. Deterministic. */
  readonly metrics: Readonly<Record<string, number>>
  /** `<set>_runtime` in s, `<set>_samples_per_second`, `<set>_steps_per_second`. */
  readonly clock: Readonly<Record<string, number>>
  readonly figures: Readonly<Record<string, Figure>>
}

/** One batch of a prediction: what went in and what came out. */
export interface Prediction {
  readonly batch: Batch
  readonly outputs: HostTensors
}

/** Evaluates a set. `progress` is called after each batch. It can be interrupted between batches. */
export const evaluate = Effect.fnUntraced(function* (options: {
  readonly model: Model
  readonly weights: Pick<Weights, "parameters" | "buffers">
  readonly loader: Loader
  readonly metrics: Metric<unknown>
  readonly set: string
  readonly progress?: (done: number) => void
}): Effect.fn.Return<Result, DataError | DeviceError, Device> {
  const { loader, metrics, set } = options
  const device = yield* Device
  const started = yield* Clock.currentTimeNanos
  let state = metrics.empty
  let rows = 0
  let done = 0
  for (;;) {
    const batch = yield* loader.batch(0, done)
    if (batch === undefined) break
    const measured = yield* forward(device, `evaluation of ${set}, batch ${done}`, options, batch, (outputs, tensors) =>
      metrics.measure(outputs, tensors)
    )
    state = metrics.update(state, measured)
    rows += batch.rows
    done++
    options.progress?.(done)
    yield* Effect.yieldNow
  }
  const runtime = Number((yield* Clock.currentTimeNanos) - started) / 1e9
  const figures = metrics.figures?.(state) ?? {}
  return {
    metrics: prefixed(`${set}_`, metrics.finish(state)),
    clock: Speed.measure(set, runtime, { samples: rows, steps: done }),
    figures: prefixed(`${set}_`, figures)
  }
})

/** Runs the model over a loader and streams each batch's outputs to the host. **Shapes**: as the model's, one element a batch. */
export const predict = (options: {
  readonly model: Model
  readonly weights: Pick<Weights, "parameters" | "buffers">
  readonly loader: Loader
}): Stream.Stream<Prediction, DataError | DeviceError, Device> =>
  Stream.paginate(
    0,
    Effect.fnUntraced(function* (index: number) {
      const device = yield* Device
      const batch = yield* options.loader.batch(0, index)
      if (batch === undefined) return [[], Option.none<number>()] as const
      const outputs = yield* forward(device, `prediction, batch ${index}`, options, batch, ({ outputs }) => outputs)
      yield* Effect.yieldNow
      return [[{ batch, outputs }], Option.some(index + 1)] as const
    })
  )

/** Runs the model on a batch without training, and reads what `select` makes of its outputs. */
const forward = (
  device: Device["Service"],
  during: string,
  { model, weights }: { readonly model: Model; readonly weights: Pick<Weights, "parameters" | "buffers"> },
  batch: Batch,
  select: (outputs: Outputs, batch: Tensors) => Tensors
): Effect.Effect<HostTensors, DeviceError> =>
  Effect.acquireUseRelease(
    device.run(during, () => {
      const tensors = HostTensor.toDevice(batch.tensors)
      return select(
        model.apply(weights.parameters, tensors, { training: false, key: Key.make(0), buffers: weights.buffers }),
        tensors
      )
    }),
    device.read,
    device.dispose
  )

const prefixed = <A>(prefix: string, values: Readonly<Record<string, A>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]))
