import { assert, describe, it } from "@effect/vitest"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Tokenizer from "../../../src/Tokenizer/Tokenizers.ts"
import { thrown } from "../../support/thrown.ts"

const bytes = Tokenizer.bytes()
const bare = { ...bytes, special: {} }

describe("Tokenizer.encode", () => {
  it("refuses a text that cannot be truncated to the length", () => {
    const wordPiece = Tokenizer.trainWordPiece(["a b c"], { vocabularySize: 8 })
    const truncate = (text: Tokenizer.Text, truncation: Tokenizer.Truncation, maxLength: number) => () =>
      Tokenizer.encode(wordPiece, text, { truncation, maxLength })
    assert.match(
      thrown(truncate("a b", "longest_first", 1)),
      /EncodeError: A text of 2 tokens, plus 2 special tokens.*increase maxLength/
    )
    assert.match(thrown(truncate(["a", "a b c"], "only_first", 5)), /A text of 1 and 3 tokens, plus 3 special tokens/)
    assert.match(thrown(truncate(["a", "a b c"], "only_first", 6)), /cannot be truncated to 6 by only_first/) // no token of the first text would remain
    assert.match(thrown(truncate("a b c", "only_second", 4)), /cannot be truncated to 4 by only_second/)
    assert.deepEqual(truncate("a b", "longest_first", 2)().input_ids, [2, 3])
    assert.deepEqual(truncate(["a b c", "c b a"], "longest_first", 6)().token_type_ids, [0, 0, 0, 1, 1, 1])
    assert.deepEqual(truncate(["a", "a b c"], "only_second", 5)().token_type_ids, [0, 0, 0, 1, 1])
  })

  it("truncates to the tokenizer's maximum length, and does not truncate if it has none", () => {
    assert.lengthOf(Tokenizer.encode({ ...bytes, maxLength: 2 }, "abc", { truncation: "longest_first" }).input_ids, 2)
    assert.lengthOf(Tokenizer.encode({ ...bytes, maxLength: 2 }, "abc").input_ids, 3)
    assert.lengthOf(Tokenizer.encode(bytes, "abc", { truncation: "longest_first" }).input_ids, 3)
  })

  it("accepts truncation true and false, as transformers does", () => {
    const truncate = (truncation: boolean) => Tokenizer.encode(bytes, "abc", { truncation, maxLength: 2 }).input_ids
    assert.deepEqual(
      [truncate(true), truncate(false)],
      [
        [97, 98],
        [97, 98, 99]
      ]
    )
  })

  it("returns token_type_ids and special_tokens_mask if requested", () => {
    assert.hasAllKeys(Tokenizer.encode(bytes, "a"), ["input_ids", "attention_mask"])
    const all = { typeIds: true, specialMask: true }
    assert.hasAllKeys(Tokenizer.encode(bytes, "a", all), ["input_ids", "attention_mask", "token_type_ids", "special_tokens_mask"])
  })
})

describe("Tokenizer.encodeBatch", () => {
  it("accepts the padding values of transformers, and refuses others", () => {
    const lengths = (padding: unknown) =>
      Tokenizer.encodeBatch(bytes, ["abc", "d"], { padding: padding as "longest", maxLength: 5 }).map(
        (row) => row.input_ids.length
      )
    for (const padding of [true, "longest"]) assert.deepEqual(lengths(padding), [3, 3])
    for (const padding of [false, "do_not_pad", undefined]) assert.deepEqual(lengths(padding), [3, 1])
    assert.deepEqual(lengths("max_length"), [5, 5])
    assert.match(
      thrown(() => lengths("maximum")),
      /EncodeError: padding "maximum" is not supported; use true or "longest", "max_length", or false or "do_not_pad"/
    )
  })

  it("reports a missing pad token or length for padding", () => {
    assert.match(
      thrown(() => Tokenizer.encodeBatch(bare, ["a"], { padding: "longest" })),
      /EncodeError: The tokenizer has no pad token/
    )
    assert.match(
      thrown(() => Tokenizer.encodeBatch(bytes, ["a"], { padding: "max_length" })),
      /EncodeError: There is no length to pad to/
    )
  })

  it("pads to the maximum length, or to the longest text that exceeds it", () => {
    const lengths = (texts: ReadonlyArray<string>) =>
      Tokenizer.encodeBatch(bytes, texts, { padding: "max_length", maxLength: 4 }).map((row) => row.input_ids.length)
    assert.deepEqual(lengths(["a", "abc"]), [4, 4])
    assert.deepEqual(lengths(["a", "abcdef"]), [6, 6])
    assert.deepEqual(Tokenizer.encodeBatch(bytes, [], { padding: "longest" }), [])
  })
})

describe("Tokenizer.decode", () => {
  it("refuses an id outside the vocabulary, also when skipping special tokens", () => {
    for (const id of [259, -100, 1.5, Number.NaN])
      assert.match(
        thrown(() => Tokenizer.decode(bytes, [65, id], { skipSpecialTokens: true })),
        /UnknownId: No token has the id .*from 0 to 258/
      )
  })

  it("decodes no ids, or only skipped ones, to an empty text", () => {
    assert.equal(Tokenizer.decode(bytes, []), "")
    assert.equal(Tokenizer.decode(bytes, [bytes.special.pad!], { skipSpecialTokens: true }), "")
    assert.equal(Tokenizer.decode(bytes, Int32Array.of(65)), "A")
  })
})

describe("Tokenizer.trainBpe, Tokenizer.trainWordPiece", () => {
  it("refuses a vocabulary size below the number of characters and special tokens", () => {
    assert.match(
      thrown(() => Tokenizer.trainBpe(["a"], { vocabularySize: 258 })),
      /VocabularyTooSmall: .* need 259 tokens.*not 258/
    )
    const train = () => Tokenizer.trainWordPiece(["abc"], { vocabularySize: 9 })
    assert.match(thrown(train), /need 10 tokens/) // 5 special ones, a, b, c, ##b, ##c
    assert.match(
      thrown(() => Tokenizer.trainBpe(["a"], { vocabularySize: Number.NaN })),
      /not NaN/
    )
  })

  it("does not merge pairs below minFrequency", () => {
    const size = (minFrequency: number) =>
      Tokenizer.trainBpe(["abab", "ab"], { vocabularySize: 300, minFrequency }).vocabularySize
    assert.deepEqual([size(4), size(3), size(1)], [259, 260, 261])
  })

  it("keeps the case with lowercase false", () => {
    const [uncased, cased] = [true, false].map((lowercase) =>
      Tokenizer.trainWordPiece(["Ab ab"], { vocabularySize: 20, lowercase })
    )
    assert.equal(uncased!.idOf("A"), undefined)
    assert.isNumber(cased!.idOf("A"))
  })
})

describe("Tokenizer.decodeBatch", () => {
  const eos = Tokenizer.specialId(bytes, "eos")
  const tensor = HostTensor.fromArray(
    [
      [97, eos, -100],
      [98, 99, 5000]
    ],
    "int32"
  )
  const decoded = (rows: Tokenizer.Rows) => Tokenizer.decodeBatch(bytes, rows, { skipSpecialTokens: true })

  it("decodes a tensor, batches of tensors, and lists, and drops ids outside the vocabulary", () => {
    assert.deepEqual(decoded(tensor), ["a", "bc"])
    assert.deepEqual(decoded([tensor, HostTensor.fromArray([[100]], "int32")]), ["a", "bc", "d"])
    assert.deepEqual(decoded([[97, -100], Int32Array.of(98)]), ["a", "b"])
    assert.deepEqual(decoded(HostTensor.fromArray([[-100]], "int32")), [""])
    assert.deepEqual(Tokenizer.decodeBatch(bytes, [[97, eos]]), ["a<eos>"])
  })

  it("refuses logits, several tensors and undefined, with what to use instead", () => {
    assert.match(
      thrown(() => decoded(HostTensor.ones([1, 2, 3]))),
      /InvalidTensor: .*Expected ids of shape \[rows, length\], got shape \[1,2,3\]: for logits use EvalPrediction.argmax/
    )
    assert.match(
      thrown(() => decoded({ a: tensor, b: tensor })),
      /Expected one tensor, got several \(a, b\): select one with EvalPrediction.take/
    )
    assert.match(
      thrown(() => decoded(undefined)),
      /there are no predictions: predictionLossOnly/
    )
  })
})
