/** Checkpoints with values that are easily lost in an encoding: NaN payloads, -0, empty shapes, special keys. */
import type { Checkpoint } from "../Checkpoint/CheckpointStore.ts"
import type { HostTensor } from "../Tensor/HostTensor.ts"
import { initial } from "../TrainerState.ts"

const float = (shape: ReadonlyArray<number>, ...bits: ReadonlyArray<number>): HostTensor => ({
  dtype: "float32",
  shape,
  data: new Float32Array(Uint32Array.from(bits).buffer)
})

/** A checkpoint of `step` whose tensors contain `mark`, to distinguish it from others of the same step. */
export const checkpoint = (step: number, mark = 0): Checkpoint => ({
  state: { ...initial, step, epoch: step / 3, position: { epoch: 0, batch: step }, losses: { sinceLog: 0.1, total: -0 } },
  weights: {
    parameters: { "layer.0.weight": float([2, 2], 0x7fc00001, 0xffffffff, 0x80000000, mark), 'bias · "ß"': float([], 1) },
    buffers: {
      "norm.running_mean": float([0, 3]),
      count: { dtype: "int32", shape: [2], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) }
    },
    slots: { "layer.0.weight.exp_avg": float([1], mark), mask: { dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) } }
  },
  history: [
    {
      _tag: "Scalars",
      run: "r",
      attempt: 1,
      step,
      epoch: step / 3,
      kind: "eval",
      set: "b",
      values: { eval_loss: Number.NaN, eval_x: -Infinity, eval_y: 1e300 },
      clock: { eval_runtime: 0.5 }
    }
  ],
  meta: { model: "tiny", nested: { list: [1, null, "\u0000NaN"] }, epochs: Infinity }
})

/** Every bit of a checkpoint, as a value that can be compared. */
export const bits = ({ state, weights, history, meta }: Checkpoint) => ({
  state,
  history,
  meta,
  weights: Object.entries(weights).map(([group, tensors]: [string, Readonly<Record<string, HostTensor>>]) => [
    group,
    Object.entries(tensors)
      .map(([path, { dtype, shape, data }]) => [
        path,
        dtype,
        [...shape],
        Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex")
      ])
      .sort()
  ])
})
