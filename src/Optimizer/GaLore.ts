/** GaLore: matrices' gradients are projected to a few dimensions, rescaled there, and projected back. */
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import * as SingularVectors from "./SingularVectors.ts"
import { chain, type Transformation } from "./Transformation.ts"

export interface Options {
  /** Which parameters are projected; of these only the matrices. */
  readonly where: (path: string) => boolean
  /** Dimensions that are left, at most the matrix's smaller side. */
  readonly rank?: number
  /** A new projection is found every so many updates. */
  readonly updateProjGap?: number
  /** Multiplies what comes back. */
  readonly scale?: number
  /** Which side is projected: of a tall matrix the columns ("std") or the rows ("reverse_std"), of a wide one the other. */
  readonly projType?: "std" | "reverse_std"
}

/**
 * Runs a transformation on projected gradients. A matrix G becomes `G Q^T` or `P^T G`, with the leading right or left singular vectors of the gradient at the
 * last refresh; what the transformation makes of it comes back as `scale U Q` or `scale P U`. Other gradients go to it as they are.
 *
 * The singular vectors are found on the host in float64, with fixed signs: equal gradients have equal projections on every device. At a refresh `update` reads the
 * gradients there, and a flag at each update: the device must be one that can be read within a step (`cpu`, `wasm`), and not one that records steps.
 *
 * The time of a refresh grows with `rows * columns * min(rows, columns)`: some seconds for a matrix of 768 x 768.
 *
 * **Shapes**: slot `projection`, [rank, columns] or [rows, rank]; the transformation's slots are those of projected gradients. It must not look
 * at the parameters.
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
  const { where, rank: most = 128, updateProjGap = 200, scale = 0.25, projType = "std" } = options
  const projected = (tensors: Tensors) => Tree.filter(tensors, (path, tensor) => tensor.rank === 2 && where(path))
  const geometry = ({ shape }: Tensor): Geometry => {
    const [rows = 0, columns = 0] = shape
    const rank = Math.min(most, rows, columns)
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
    scalars: (at) => ({ refresh: at.step % updateProjGap === 0 ? 1 : 0, ...inner.scalars(at) }),
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

/** Where a matrix is projected, and the shapes that come of it. */
interface Geometry {
  readonly side: "left" | "right"
  readonly projection: readonly [number, number]
  readonly low: readonly [number, number]
}

/** The leading singular vectors of a gradient: in rows for the right side, in columns for the left. */
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
