/** A linear classifier of two features and two classes. */
import { Model } from "../../src/index.ts"
import { Dense, Loss, Parameters } from "../../src/nn.ts"

export const classifier = Model.make({
  inputs: ["x"],
  labels: ["labels"],
  init: Parameters.make({ lin: Dense.init({ inputs: 2, outputs: 2 }) }),
  forward: (p, { x }) => ({ logits: Dense.apply(p, "lin", x) }),
  loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
})
