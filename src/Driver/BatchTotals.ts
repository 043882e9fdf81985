/** Counts what the batches of an update hold, on the host. **Unit**: rows, labels, elements of the main input (tokens), floating-point operations. */
import type { Batch } from "../Data/Loader.ts"
import type { Model } from "../Model/Model.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import type { Consumed } from "../TrainerState.ts"

/** Which tokens count: all, or those that are not padding. */
export type Tokens = "all" | "non_padding"

/** The field whose elements are the tokens. */
export const mainInput = ({ mainInput = "input_ids" }: Pick<Model, "mainInput">): string => mainInput

/** Adds up what batches hold. Input tokens are counted where `tokens` says which. */
export const measure = (
  model: Pick<Model, "mainInput" | "padTokenId" | "floatingPointOps">,
  batches: ReadonlyArray<Batch>,
  tokens?: Tokens
): Required<Consumed> => {
  const total = (of: (batch: Batch) => number) => batches.reduce((sum, batch) => sum + of(batch), 0)
  return {
    samples: total((batch) => batch.rows),
    tokens: total((batch) => batch.tokens ?? batch.rows),
    inputTokens: tokens === undefined ? 0 : total((batch) => inputTokens(model, batch.tensors, tokens)),
    flos: total((batch) => model.floatingPointOps?.(batch.tensors) ?? 0)
  }
}

/**
 * Counts the tokens of a batch. Its `attention_mask` says what is padding; without one, the model's `padTokenId` does.
 *
 * **Source**: `include_num_input_tokens_seen`.
 */
const inputTokens = (model: Pick<Model, "mainInput" | "padTokenId">, batch: HostTensors, tokens: Tokens): number => {
  const input = batch[mainInput(model)]?.data ?? []
  if (tokens === "all") return input.length
  const mask = batch.attention_mask
  return mask === undefined ? count(input, (id) => id !== model.padTokenId) : count(mask.data, (one) => one !== 0)
}

const count = (data: ArrayLike<number>, holds: (element: number) => boolean): number => {
  let held = 0
  for (let i = 0; i < data.length; i++) if (holds(data[i]!)) held++
  return held
}
