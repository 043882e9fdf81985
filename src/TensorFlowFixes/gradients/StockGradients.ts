/**
 * Registers TensorFlow.js's own gradients from a bundle (scripts/build-gradients.ts).
 *
 * **Fault**: the package's entry for Node registers none, and `dist/register_all_gradients.js` is ESM without file extensions, which Node cannot
 * load.
 * **Upstream**: no issue known; search tensorflow/tfjs for "tf-core.node.js register_all_gradients".
 * **Remove when**: "gradients/StockGradients" of test/contract/Upstream.test.ts fails.
 */
import { createRequire } from "node:module"
import { Schema } from "effect"
import { messageOf } from "../../ErrorMessage.ts"

export class GradientsMissing extends Schema.TaggedError<GradientsMissing>()("GradientsMissing", {
  reason: Schema.String
}) {
  override get message() {
    return `TensorFlow.js's gradients are not there (${this.reason}). In a checkout run "bin/dev setup"; in an installed package reinstall regimen.`
  }
}

/** **Errors**: throws `GradientsMissing`. */
export const install = (): void => {
  try {
    createRequire(import.meta.url)("#gradients")
  } catch (cause) {
    throw new GradientsMissing({ reason: messageOf(cause).split("\n")[0] ?? "" })
  }
}
