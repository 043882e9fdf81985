/** Two spirals, classified by a small tanh network. */
import { Model, Program, tf } from "regimen"
import { Dataset } from "regimen/data"
import { Accuracy } from "regimen/metrics"
import { Dense, Loss, Parameters } from "regimen/nn"

// A small seeded generator, so that the data are the same each time (which resuming needs).
const random = ((seed: number) => () => {
  seed = (seed * 1664525 + 1013904223) >>> 0
  return seed / 2 ** 32
})(7)

const rows = Array.from({ length: 500 }, (_, i) => {
  const label = i % 2
  const t = random() * 1.25
  const angle = t * 2 * Math.PI + label * Math.PI
  const r = 0.3 + 2 * t
  return { point: [r * Math.cos(angle) + (random() - 0.5) * 0.08, r * Math.sin(angle) + (random() - 0.5) * 0.08], label }
})

const spirals = Model.make({
  inputs: ["point"],
  labels: ["labels"],
  init: Parameters.make({
    hidden1: Dense.init({ inputs: 2, outputs: 32 }),
    hidden2: Dense.init({ inputs: 32, outputs: 32 }),
    head: Dense.init({ inputs: 32, outputs: 2 })
  }),
  forward: (p, { point }) => {
    const a = tf.tanh(Dense.apply(p, "hidden1", point))
    const b = tf.tanh(Dense.apply(p, "hidden2", a))
    return { logits: Dense.apply(p, "head", b) }
  },
  loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
})

export default Program.make({
  args: {
    outputDir: "runs/spirals",
    numTrainEpochs: 80,
    perDeviceTrainBatchSize: 16,
    learningRate: 3e-2,
    loggingSteps: 100,
    evalStrategy: "epoch",
    saveStrategy: "epoch",
    saveTotalLimit: 3
  },
  model: spirals,
  trainDataset: Dataset.fromArray(rows.slice(0, 400)),
  evalDataset: Dataset.fromArray(rows.slice(400)),
  metrics: [Accuracy.make()],
  plan: (plan) => ({
    ...plan,
    // Sawtooth under a slow decay.
    learningRate: (state) => (3e-2 * (1 - 0.5 * ((state.step % 250) / 250))) / (1 + state.step / 1000),
    // Save at the powers of two from 64 on, and at each 500th update.
    save: (before, after) =>
      after.step > before.step && ((after.step >= 64 && (after.step & (after.step - 1)) === 0) || after.step % 500 === 0)
  })
})
