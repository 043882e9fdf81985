/** Collects the predictions of a set: on the device for some batches, then on the host. */
import { Effect, Schema, type Scope } from "effect"
import type { Batch } from "../Data/Loader.ts"
import * as NestedConcat from "../Data/NestedConcat.ts"
import { messageOf } from "../ErrorMessage.ts"
import { Device, type DeviceError } from "../Layer/Device/Device.ts"
import type { Model } from "../Model/Model.ts"
import * as HostTensor from "../Tensor/HostTensor.ts"
import type { Tensors } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import { type CollectOptions, inputsOf, labelsOf } from "./CollectOptions.ts"
import { alone, type EvalPrediction, type Gathered } from "./EvalPrediction.ts"

/** The tensors of a batch by role. */
export type Part = { readonly [What in keyof Required<EvalPrediction>]: HostTensor.HostTensors }

/** The tensors of a set by role, if there are any. */
export type Collected = { readonly [What in keyof EvalPrediction]?: Gathered }

/** The batches cannot be concatenated. */
export class NotJoined extends Schema.TaggedError<NotJoined>()("NotJoined", {
  set: Schema.String,
  what: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The batches' ${this.what} of the set "${this.set}" cannot be concatenated. ${this.reason} Set eval_do_concat_batches to false to get them one by one, or omit an output with ignore_keys.`
  }
}

export interface Collector {
  /** Takes ownership of a batch's predictions: they are freed with the scope, unless they were moved before. */
  readonly hold: (predictions: Tensors) => void
  /** The number of batches on the device. */
  readonly held: () => number
  /** Moves the batches on the device to the host, and returns them, oldest first. */
  readonly move: Effect.Effect<ReadonlyArray<HostTensor.HostTensors>, DeviceError>
}

/** Opens a collector in a scope. */
export const make: Effect.Effect<Collector, never, Device | Scope.Scope> = Effect.gen(function* () {
  const device = yield* Device
  const waiting: Array<Tensors> = []
  yield* Effect.addFinalizer(() => Effect.forEach(waiting, device.dispose, { discard: true }))
  return {
    hold: (predictions) => void waiting.push(predictions),
    held: () => waiting.length,
    move: Effect.gen(function* () {
      const moved: Array<HostTensor.HostTensors> = []
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        moved.push(Tree.map(yield* device.read(next), ranked))
        yield* Effect.uninterruptible(Effect.suspend(() => device.dispose(waiting.shift()!)))
      }
      return moved
    })
  }
})

/** Takes the labels, inputs and losses of a batch. Each of its rows gets the batch's loss. */
export const known = (
  collect: CollectOptions,
  model: Model,
  { rows, tensors }: Batch,
  loss: number | undefined
): Omit<Part, "predictions"> => {
  const asked = collect.includeForMetrics ?? []
  return {
    labelIds: Tree.map(Tree.pick(tensors, labelsOf(collect, model, tensors)), (labels) => collect.padLabels?.(labels) ?? labels),
    inputs: asked.includes("inputs") ? Tree.pick(tensors, inputsOf(collect, model, tensors)) : {},
    losses: asked.includes("loss") && loss !== undefined ? { losses: HostTensor.full([rows], loss) } : {}
  }
}

/** Concatenates the batches of a set, or lists them. **Errors**: `NotJoined`. */
export const gather = Effect.fnUntraced(function* (
  parts: ReadonlyArray<Part>,
  { apart, set }: { readonly apart: boolean; readonly set: string }
): Effect.fn.Return<Collected, NotJoined> {
  const collected: { -readonly [What in keyof Collected]: Gathered } = {}
  for (const what of ["predictions", "labelIds", "inputs", "losses"] as const) {
    const batches = parts.map((part) => part[what])
    if (batches.every((batch) => Object.keys(batch).length === 0)) continue
    const several = apart
      ? batches.map((batch) => alone(batch) ?? {})
      : alone(
          yield* Effect.try({
            try: () => NestedConcat.concatenateAll(batches),
            catch: (cause) => new NotJoined({ set, what, reason: messageOf(cause) })
          })
        )
    if (several !== undefined) collected[what] = several
  }
  return collected
})

/** Makes a scalar a row: there is one for each batch. */
const ranked = (tensor: HostTensor.HostTensor): HostTensor.HostTensor =>
  tensor.shape.length === 0 ? { ...tensor, shape: [1] } : tensor
