/** `regimen inspect`: what a checkpoint holds, as text or as JSON. */
import { Schema } from "effect"
import type { Checkpoint } from "../Checkpoint/CheckpointStore.ts"
import * as Numbers from "../Format/Numbers.ts"
import * as Table from "../Format/Table.ts"
import { type HostTensors, sizeOf } from "../Tensor/HostTensor.ts"
import { toArray } from "../TrainerState.ts"

/** The path is not that of a checkpoint. */
export class NotACheckpoint extends Schema.TaggedError<NotACheckpoint>()("NotACheckpoint", { path: Schema.String }) {
  override get message() {
    return `${this.path} is not a checkpoint. Pass a folder checkpoint-<step> of a run's output folder.`
  }
}

const tensors = (group: HostTensors) =>
  Object.entries(group).map(([path, { dtype, shape, data }]) => ({ path, dtype, shape, bytes: data.byteLength }))

/** Lists a checkpoint's state and tensors, for machines. */
export const toJson = ({ state, weights, meta }: Checkpoint) => ({
  step: state.step,
  epoch: state.epoch,
  position: state.position,
  samples: state.samples,
  tokens: state.tokens,
  evaluations: toArray(state.evaluations),
  best_checkpoint: state.bestCheckpoint,
  parameters: tensors(weights.parameters),
  buffers: tensors(weights.buffers),
  slots: tensors(weights.slots),
  meta
})

/** Renders a checkpoint as tables. **Unit**: `columns` of the terminal. */
export const render = (checkpoint: Checkpoint, columns: number): string => {
  const { state, weights } = checkpoint
  const count = Object.values(weights.parameters).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  const last = state.evaluations?.last
  const facts: Array<readonly [string, string]> = [
    ["step", String(state.step)],
    ["epoch", Numbers.number(state.epoch)],
    ["samples", Numbers.thousands(state.samples)],
    ["next batch", `${state.position.batch} of epoch ${state.position.epoch}`],
    ["parameters", `${Numbers.thousands(count)} in ${Object.keys(weights.parameters).length} tensors`],
    ["best checkpoint", state.bestCheckpoint === null ? "-" : String(state.bestCheckpoint)],
    ...Object.entries(last?.metrics ?? {}).map(([name, value]) => [name, Numbers.number(value)] as const)
  ]
  const width = Math.max(...facts.map(([name]) => name.length))
  const groups = [
    ["parameter", weights.parameters],
    ["buffer", weights.buffers],
    ["slot", weights.slots]
  ] as const
  const rows = groups.flatMap(([kind, group]) =>
    tensors(group).map(({ path, dtype, shape, bytes }) => [kind, path, dtype, `[${shape.join(", ")}]`, Numbers.bytes(bytes)])
  )
  return [
    ...facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    "",
    Table.render(["kind", "tensor", "dtype", "shape", "size"], rows, columns, "wrap")
  ].join("\n")
}
