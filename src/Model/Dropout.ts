/** Dropout as a layer: keyed by the micro-batch and its place in the model, and inactive outside training. */
import { dropout } from "../Tensor/Dropout.ts"
import * as Key from "../Tensor/Key.ts"
import type { Tensor } from "../Tensor/Tensor.ts"
import type { Context } from "./Model.ts"

/**
 * Sets elements to zero with probability `rate` while training, and scales the others up. Two sites of one name drop the same elements.
 *
 * **Errors**: throws `InvalidRate`.
 *
 * **Source**: Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html.
 */
export const apply = (context: Context, site: string, x: Tensor, rate: number): Tensor =>
  context.training ? dropout(x, rate, Key.fold(context.key, site)) : x
