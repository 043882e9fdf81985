/** A decoder as a model that is trained to predict the next token. */
import * as Checks from "./Checks.ts"
import { take } from "./Model.ts"
import * as Objective from "./Objective.ts"
import { hiddenOutputs, type Transformer, make as transformer } from "./Transformer.ts"

export interface Options
  extends Pick<Transformer, "architecture" | "modelType" | "config" | "base" | "blueprint" | "embedding" | "turned"> {
  readonly vocabulary: number
  /** Beyond it there is no position; `Infinity` where positions are computed. **Unit**: tokens. */
  readonly positions: number
  readonly spare: RegExp
  readonly decode: NonNullable<Transformer["decode"]>
}

/**
 * Makes the model. Its loss counts `items`, as the Trainer does for models that let it.
 *
 * **Shapes**: `input_ids`, `attention_mask`, `position_ids`, `labels` `[batch, length]`.
 */
export const make = ({ vocabulary, positions, decode, ...options }: Options): Transformer =>
  transformer({
    ...options,
    ...(Number.isFinite(positions) ? { positions } : {}),
    decode,
    inputs: ["input_ids", "attention_mask", "position_ids"],
    labels: ["labels"],
    predictsNext: true,
    validate: Checks.all([
      Checks.tokens("input_ids", vocabulary),
      Checks.length("input_ids", positions),
      Checks.tokens("position_ids", positions),
      Checks.classes("labels", vocabulary, true)
    ]),
    apply: (parameters, batch, context) => {
      const ids = take("model", "batch", batch, "input_ids")
      const reading = { ids, mask: batch.attention_mask, positions: batch.position_ids }
      const { logits, hidden } = decode(parameters, reading, context)
      const outputs = { logits, ...hiddenOutputs(options.config, hidden) }
      return batch.labels === undefined ? { outputs } : { outputs, loss: Objective.nextToken(logits, batch.labels) }
    }
  })
