/** Of the arguments of a Seq2SeqTrainer: for each, two values that change what is predicted. */
import type * as Seq2SeqArguments from "../../../src/Arguments/Seq2SeqArguments.ts"

type Input = Seq2SeqArguments.Input

const written = { predictWithGenerate: true } as const

/** By argument: one value, another, and what both have. */
export const cases: ReadonlyArray<readonly [name: string, one: Input, other: Input, both?: Input]> = [
  ["predict_with_generate", {}, written],
  ["generation_max_length", { generationMaxLength: 5 }, { generationMaxLength: 8 }, written],
  ["generation_num_beams", {}, { generationNumBeams: 4 }, { ...written, generationMaxLength: 6 }],
  ["generation_config", {}, { generationConfig: { repetition_penalty: 5 } }, { ...written, generationMaxLength: 6 }]
]
