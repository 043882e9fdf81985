/** The `Collator` namespace of the package: the type and the collators. */

export { causal, type Masked, masked } from "./Collator/LanguageModeling.ts"
export { type Options as Padding, padding } from "./Collator/Padding.ts"
export { type Seq2Seq, seq2seq, shiftRight } from "./Collator/Seq2Seq.ts"
export { causalFor, forTokenizer, maskedFor, seq2seqFor } from "./Collator/Tokenized.ts"
export { byFirstRow, type Collator, make, type Options, stack } from "./Collator.ts"
