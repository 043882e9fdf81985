/** GaLore: gradients of matrices are projected to a few dimensions, transformed there, and projected back. */
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import * as SingularVectors from "./SingularVectors.ts"
import { chain, type Transformation } from "./Transformation.ts"

export interface Options {
  /** Selects the parameters to project, of which only matrices are. */
  readonly where: (path: string) => boolean
  /** The number of dimensions of the projection, at most the matrix's smaller side. */
  readonly rank?: number
  /** The number of updates between new projections. */
  readonly updateProjGap?: number
  /** Multiplies the updates that are projected back. */
  readonly scale?: number
  /** Which side is projected: of a tall matrix the columns ("std") or the rows ("reverse_std"), of a wide one the other. */
  readonly projType?: "std" | "reverse_std"
}

/**
 * Runs a transformation on projected gradients. A matrix G becomes `G Q^T` or `P^T G`, with the leading right or left singular vectors of the gradient at the
 * last refresh; the resulting update U is projected back as `scale U Q` or `scale P U`. Other gradients are not projected.
 *
 * The singular vectors are computed on the host in float64, with fixed signs: equal gradients have equal projections on every device. `update` reads a flag from the device,
 * and at a refresh the gradients: the device must allow reads within a step (`cpu`, `wasm`), and must not record steps.
 *
 * The time of a refresh grows with `rows * columns * min(rows, columns)`: some seconds for a matrix of 768 x 768.
 *
 * **Shapes**: slot `projection`, [rank, columns] or [rows, rank]; the transformation's slots are those of projected gradients. It must not use
 * the parameters.
 *
 * **Source**: Zhao et al. 2024, https://arxiv.org/abs/2403.03507; galore-torch; `optim="galore_adamw"`, `optim_args`. There the signs are LAPACK's, and
 * a resumed run must restore the projector from a pickle.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Adam, GaLore } from "regimen/optim"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const low = GaLore.project(Adam.scaleByAdam(), { where: () => true, rank: 2, updateProjGap: 5 })
 * const slots = low.init({ w: tf.zeros([40, 30]) })
 * assert.deepEqual(slots["projection.w"]!.shape, [2, 30])
 * assert.deepEqual(slots["adam.exp_avg.w"]!.shape, [40, 2])
 * assert.deepEqual([4, 5, 6].map((step) => low.scalars({ step, learningRate: 0 }).refresh), [0, 1, 0])
 * ```
 */
export const project = (self: Transformation, options: Options): Transformation => {
  const inner = chain(self)
  const { where, rank: maxRank = 128, updateProjGap = 200, scale = 0.25, projType = "std" } = options
  const projected = (tensors: Tensors) => Tree.filter(tensors, (path, tensor) => tensor.rank === 2 && where(path))
  const geometry = ({ shape }: Tensor): Geometry => {
    const [rows = 0, columns = 0] = shape
    const rank = Math.min(maxRank, rows, columns)
    return rows >= columns === (projType === "std")
      ? { side: "right", projection: [rank, columns], low: [rows, rank] }
      : { side: "left", projection: [rows, rank], low: [rank, columns] }
  }
  return {
    name: "galore",
    init: (parameters) => {
      const matrices = Tree.map(projected(parameters), geometry)
      const low = Tree.map(matrices, ({ low }) => tf.zeros([...low]))
      return {
        ...Tree.prefix(
          Tree.map(matrices, ({ projection }) => tf.zeros([...projection])),
          "projection"
        ),
        ...inner.init({ ...parameters, ...low })
      }
    },
    scalars: (context) => ({ refresh: context.step % updateProjGap === 0 ? 1 : 0, ...inner.scalars(context) }),
    update: ({ gradients, parameters, slots, scalars }) => {
      const refresh = scalars.refresh!.dataSync()[0] === 1
      const matrices = projected(gradients)
      const projections = Tree.map(matrices, (gradient, path) =>
        refresh ? leading(gradient, geometry(gradient)) : tf.clone(slots[`projection.${path}`]!)
      )
      const low = Tree.zip(matrices, projections, (gradient, projection) =>
        geometry(gradient).side === "right" ? tf.matMul(gradient, projection, false, true) : tf.matMul(projection, gradient, true)
      )
      const output = inner.update({ gradients: { ...gradients, ...low }, parameters, slots, scalars })
      const updates = Tree.map(output.updates, (update, path) => {
        const projection = projections[path]
        if (projection === undefined) return update
        const right = geometry(gradients[path]!).side === "right"
        return tf.mul(right ? tf.matMul(update, projection) : tf.matMul(projection, update), scale)
      })
      return { updates, slots: { ...Tree.prefix(projections, "projection"), ...output.slots } }
    }
  }
}

/** The side a matrix is projected on, and the resulting shapes. */
interface Geometry {
  readonly side: "left" | "right"
  readonly projection: readonly [number, number]
  readonly low: readonly [number, number]
}

/** Returns the leading singular vectors of a gradient: in rows for the right side, in columns for the left. */
const leading = (gradient: Tensor, { side, projection: [rows, columns] }: Geometry): Tensor => {
  const [height = 0, width = 0] = gradient.shape
  const rank = side === "right" ? rows : columns
  const vectors = SingularVectors.make({ rows: height, columns: width, data: gradient.dataSync() }, rank)[side]
  const at = side === "right" ? (i: number, j: number) => vectors[i]![j]! : (i: number, j: number) => vectors[j]![i]!
  return tf.tensor2d(
    Float32Array.from({ length: rows * columns }, (_, k) => at(Math.floor(k / columns), k % columns)),
    [rows, columns]
  )
}
