/** The Hugging Face Trainer's interface with promises, without Effect: two classes of points, trained, evaluated and saved. */
import { Model, tf } from "regimen"
import { Accuracy } from "regimen/metrics"
import { Dense, Loss, Parameters } from "regimen/nn"
import { Trainer } from "regimen/promise"

/** Points in two rings. */
const rows = (count: number, shift: number) =>
  Array.from({ length: count }, (_, i) => {
    const [angle, radius] = [i * 2.4 + shift, i % 2 === 0 ? 0.5 : 1.5]
    return { point: [radius * Math.cos(angle), radius * Math.sin(angle)], label: i % 2 }
  })

const trainer = await Trainer.make({
  model: Model.make({
    inputs: ["point"],
    labels: ["labels"],
    init: Parameters.make({ hidden: Dense.init({ inputs: 2, outputs: 16 }), head: Dense.init({ inputs: 16, outputs: 2 }) }),
    forward: (p, { point }) => ({ logits: Dense.apply(p, "head", tf.relu(Dense.apply(p, "hidden", point))) }),
    loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
  }),
  args: {
    outputDir: process.argv[2] ?? "runs/trainer",
    overwriteOutputDir: true,
    learningRate: 0.02,
    numTrainEpochs: 20,
    evalStrategy: "epoch",
    saveStrategy: "epoch",
    saveTotalLimit: 1
  },
  trainDataset: rows(400, 0),
  evalDataset: rows(100, 1),
  metrics: [Accuracy.make()]
})
const { globalStep } = await trainer.train()
const metrics = await trainer.evaluate()
await trainer.logMetrics("eval", metrics)
await trainer.saveModel()
await trainer.close()
const { eval_accuracy = 0 } = metrics
if (globalStep !== 1000 || eval_accuracy < 0.99) throw new Error("it did not learn")
