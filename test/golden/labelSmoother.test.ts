/** Label smoothing against the Trainer's own label smoother. */
import "@tensorflow/tfjs-backend-cpu"
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, expect, it } from "vitest"
import * as Loss from "../../src/Model/Loss.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import { tf } from "../../src/Tensor/Tensor.ts"

interface Case {
  readonly epsilon: number
  readonly shift_labels: boolean
  readonly logits: HostTensor.Nested
  readonly labels: HostTensor.Nested
  readonly loss: number | "NaN"
}
const { cases } = JSON.parse(readFileSync(new URL("./label_smoother.json", import.meta.url), "utf8")) as { cases: ReadonlyArray<Case> }

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

it.each(cases.map((one, i) => ({ ...one, i })))("case $i: epsilon $epsilon, shifted $shift_labels", ({ epsilon, shift_labels, logits, labels, loss }) => {
  const mean = tf.tidy(() => {
    const all = HostTensor.toDevice({ logits: HostTensor.fromArray(logits), labels: HostTensor.fromArray(labels, "int32") })
    const [rows = 0, length = 0, classes = 0] = all.logits!.shape
    const scores = shift_labels ? tf.slice(all.logits!, [0, 0, 0], [rows, length - 1, classes]) : all.logits!
    const targets = shift_labels ? tf.slice(all.labels!, [0, 1], [rows, length - 1]) : all.labels!
    const { sum, count } = Loss.crossEntropy(scores, targets, { labelSmoothing: epsilon })
    return tf.div(sum, count)
  })
  const [found] = mean.dataSync()
  mean.dispose()
  if (loss === "NaN") expect(found).toBeNaN()
  else expect(Math.abs(found! - loss)).toBeLessThanOrEqual(1e-6)
})
