/** The name of a checkpoint's folder, `checkpoint-<step>`, as Hugging Face writes it. */

/** Gives the name for a step. */
export const make = (step: number): string => `checkpoint-${step}`

/** Reads the step from a name; undefined for any other name. */
export const step = (name: string): number | undefined => {
  const digits = /^checkpoint-(\d+)$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
