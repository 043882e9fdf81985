/** Updates whose loss or gradient norm is NaN or infinite: what is done about them, and the warning. */

/**
 * The run fails; or the update is skipped, as if there were no gradient; or it is made, and its loss left out of the logged mean; or it is made and
 * logged as it is. A loss that is left out (of a skipped update as well) counts as the mean of those before it.
 */
export type Policy = "fail" | "skip" | "filter" | "continue"

/** Says that a run goes on in spite of some updates up to a step. */
export const warning = (policy: Exclude<Policy, "fail">, step: number, updates: number): string => {
  const which = updates === 1 ? "An update" : `${updates} updates`
  return `${which} up to step ${step} had a loss or gradient norm that is NaN or infinite, and ${done[policy]}. Lower the learning rate, clip gradients (max_grad_norm), or look for bad values in the data.`
}

const done = {
  skip: "left the weights as they were",
  filter: "changed the weights all the same; such a loss is not in the logged mean",
  continue: "changed the weights all the same"
}
