/** The `Tokenizer` namespace of the package: the type, loading and saving, encoding and decoding, and training. */

export { bytes, characters, type Special } from "./ByteTokenizer.ts"
export { decodeBatch, type Rows } from "./DecodeBatch.ts"
export * from "./Errors.ts"
export { fromFiles } from "./HuggingFace.ts"
export { load, save } from "./Storage.ts"
export {
  type BatchOptions,
  type DecodeOptions,
  decode,
  type Encoding,
  encode,
  encodeBatch,
  type Files,
  type Options,
  type Role,
  type Side,
  specialId,
  type Text,
  type Tokenizer,
  type Truncation
} from "./Tokenizer.ts"
export { type Training, trainBpe, trainWordPiece } from "./Train.ts"
