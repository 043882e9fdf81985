/**
 * Replaces the gradient of `mirrorPad` by one that adds up what an element's reflections got.
 *
 * **Fault**: the gradients of the padding are dropped.
 * **Upstream**: no issue known; search tensorflow/tfjs for "mirrorPad gradient wrong".
 * **Remove when**: "gradients/MirrorPad" of test/contract/Upstream.test.ts fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import { flatIndices, type GradFunc, scatterAdd } from "./GradientHelpers.ts"

export const install = (): void => {
  tf.unregisterGradient("MirrorPad")
  tf.registerGradient({ kernelName: "MirrorPad", inputsToSave: ["x"], gradFunc: mirrorPad })
}

const mirrorPad: GradFunc = (dy, saved, attrs) => {
  const { shape } = saved[0]!
  const { paddings, mode } = attrs as unknown as tf.MirrorPadAttrs
  return { x: () => scatterAdd(dy as tf.Tensor, tf.mirrorPad(flatIndices(shape), paddings, mode), shape) }
}
