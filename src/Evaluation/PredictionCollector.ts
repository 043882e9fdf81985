/** A collector holds what is predicted for a set: on the device for so many batches, then in the host's memory. */
import { Effect, Schema, type Scope } from "effect"
import * as Joining from "../Data/Joining.ts"
import type { Batch } from "../Data/Loader.ts"
import { messageOf } from "../ErrorMessage.ts"
import { Device, type DeviceError } from "../Layer/Device/Device.ts"
import type { Model } from "../Model/Model.ts"
import * as HostTensor from "../Tensor/HostTensor.ts"
import type { Tensors } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import { type CollectOptions, inputsOf, labelsOf } from "./CollectOptions.ts"
import { alone, type EvalPrediction, type Gathered } from "./EvalPrediction.ts"

/** The tensors of one batch, by what they are. */
export type Part = { readonly [What in keyof Required<EvalPrediction>]: HostTensor.HostTensors }

/** A set's tensors, where there are any. */
export type Collected = { readonly [What in keyof EvalPrediction]?: Gathered }

/** Batches cannot be one tensor. */
export class NotJoined extends Schema.TaggedError<NotJoined>()("NotJoined", {
  set: Schema.String,
  what: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The batches' ${this.what} of the set "${this.set}" cannot be joined. ${this.reason} Set eval_do_concat_batches to false to have them apart, or leave an output out with ignore_keys.`
  }
}

export interface Collector {
  /** Takes a batch's predictions over: they are freed with the scope, unless they were moved before. */
  readonly hold: (predictions: Tensors) => void
  /** How many batches are on the device. */
  readonly held: () => number
  /** Moves to the host what is on the device, and gives it, oldest first. */
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

/** Takes from a batch what the host knows of it. A loss is given to each of its rows. */
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

/** Joins the batches of a set, or leaves them apart. **Errors**: `NotJoined`. */
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
            try: () => Joining.concatenateAll(batches),
            catch: (cause) => new NotJoined({ set, what, reason: messageOf(cause) })
          })
        )
    if (several !== undefined) collected[what] = several
  }
  return collected
})

/** A scalar is a row, as there is one a batch. */
const ranked = (tensor: HostTensor.HostTensor): HostTensor.HostTensor =>
  tensor.shape.length === 0 ? { ...tensor, shape: [1] } : tensor
