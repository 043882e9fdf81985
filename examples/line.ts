/** The smallest program: a line through two points. `bin/regimen train examples/line.ts` */
import { Model, Program } from "regimen"
import { Dataset } from "regimen/data"
import { Dense, Loss, Parameters } from "regimen/nn"

export const line = Model.make({
  inputs: ["x"],
  labels: ["y"],
  init: Parameters.make({ lin: Dense.init({ inputs: 1, outputs: 1 }) }),
  forward: (p, { x }) => ({ logits: Dense.apply(p, "lin", x) }),
  loss: ({ logits }, { y }) => Loss.meanSquaredError(logits, y)
})
export const points = Dataset.fromArray([
  { x: [0], y: [1] },
  { x: [1], y: [3] }
])

export default Program.make({
  args: { outputDir: "runs/line", numTrainEpochs: 60, learningRate: 0.1, loggingSteps: 20 },
  model: line,
  trainDataset: points
})
