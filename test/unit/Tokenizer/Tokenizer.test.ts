import { assert, describe, it } from "@effect/vitest"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Tokenizer from "../../../src/Tokenizer/Tokenizers.ts"

const bytes = Tokenizer.bytes()
const bare = { ...bytes, special: {} }
const message = (attempt: () => unknown) => {
  try {
    attempt()
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
  return "nothing was thrown"
}

describe("Tokenizer.encode", () => {
  it("refuses a text that cannot be cut to the length", () => {
    const framed = Tokenizer.trainWordPiece(["a b c"], { vocabularySize: 8 })
    const cut = (text: Tokenizer.Text, truncation: Tokenizer.Truncation, maxLength: number) => () =>
      Tokenizer.encode(framed, text, { truncation, maxLength })
    assert.match(
      message(cut("a b", "longest_first", 1)),
      /EncodeError: A text of 2 tokens, and 2 more around it.*longer maxLength/
    )
    assert.match(message(cut(["a", "a b c"], "only_first", 5)), /A text of 1 and 3 tokens, and 3 more/)
    assert.match(message(cut(["a", "a b c"], "only_first", 6)), /cannot be cut only_first to 6/) // nothing would be left of it
    assert.match(message(cut("a b c", "only_second", 4)), /cannot be cut only_second/)
    assert.deepEqual(cut("a b", "longest_first", 2)().input_ids, [2, 3])
    assert.deepEqual(cut(["a b c", "c b a"], "longest_first", 6)().token_type_ids, [0, 0, 0, 1, 1, 1])
    assert.deepEqual(cut(["a", "a b c"], "only_second", 5)().token_type_ids, [0, 0, 0, 1, 1])
  })

  it("cuts to the tokenizer's own length, and to none where it has none", () => {
    assert.lengthOf(Tokenizer.encode({ ...bytes, maxLength: 2 }, "abc", { truncation: "longest_first" }).input_ids, 2)
    assert.lengthOf(Tokenizer.encode({ ...bytes, maxLength: 2 }, "abc").input_ids, 3)
    assert.lengthOf(Tokenizer.encode(bytes, "abc", { truncation: "longest_first" }).input_ids, 3)
  })

  it("takes truncation true and false, as Python does", () => {
    const cut = (truncation: boolean) => Tokenizer.encode(bytes, "abc", { truncation, maxLength: 2 }).input_ids
    assert.deepEqual(
      [cut(true), cut(false)],
      [
        [97, 98],
        [97, 98, 99]
      ]
    )
  })

  it("gives the columns that were asked for", () => {
    assert.hasAllKeys(Tokenizer.encode(bytes, "a"), ["input_ids", "attention_mask"])
    const all = { typeIds: true, specialMask: true }
    assert.hasAllKeys(Tokenizer.encode(bytes, "a", all), ["input_ids", "attention_mask", "token_type_ids", "special_tokens_mask"])
  })
})

describe("Tokenizer.encodeBatch", () => {
  it("takes the values of padding that transformers takes, and refuses others", () => {
    const lengths = (padding: unknown) =>
      Tokenizer.encodeBatch(bytes, ["abc", "d"], { padding: padding as "longest", maxLength: 5 }).map(
        (row) => row.input_ids.length
      )
    for (const padding of [true, "longest"]) assert.deepEqual(lengths(padding), [3, 3])
    for (const padding of [false, "do_not_pad", undefined]) assert.deepEqual(lengths(padding), [3, 1])
    assert.deepEqual(lengths("max_length"), [5, 5])
    assert.match(
      message(() => lengths("maximum")),
      /EncodeError: padding "maximum" is not supported; use true or "longest", "max_length", or false or "do_not_pad"/
    )
  })

  it("says what is missing for padding", () => {
    assert.match(
      message(() => Tokenizer.encodeBatch(bare, ["a"], { padding: "longest" })),
      /EncodeError: The tokenizer has no pad token/
    )
    assert.match(
      message(() => Tokenizer.encodeBatch(bytes, ["a"], { padding: "max_length" })),
      /EncodeError: There is no length to pad to/
    )
  })

  it("pads to the length, and past it where a text is longer and is not cut", () => {
    const lengths = (texts: ReadonlyArray<string>) =>
      Tokenizer.encodeBatch(bytes, texts, { padding: "max_length", maxLength: 4 }).map((row) => row.input_ids.length)
    assert.deepEqual(lengths(["a", "abc"]), [4, 4])
    assert.deepEqual(lengths(["a", "abcdef"]), [6, 6])
    assert.deepEqual(Tokenizer.encodeBatch(bytes, [], { padding: "longest" }), [])
  })
})

describe("Tokenizer.decode", () => {
  it("refuses an id that stands for no token, special or not", () => {
    for (const id of [259, -100, 1.5, Number.NaN])
      assert.match(
        message(() => Tokenizer.decode(bytes, [65, id], { skipSpecialTokens: true })),
        /UnknownId: No token has the id .*from 0 to 258/
      )
  })

  it("gives nothing for nothing", () => {
    assert.equal(Tokenizer.decode(bytes, []), "")
    assert.equal(Tokenizer.decode(bytes, [bytes.special.pad!], { skipSpecialTokens: true }), "")
    assert.equal(Tokenizer.decode(bytes, Int32Array.of(65)), "A")
  })
})

describe("Tokenizer.trainBpe, Tokenizer.trainWordPiece", () => {
  it("refuses a vocabulary without room for the characters", () => {
    assert.match(
      message(() => Tokenizer.trainBpe(["a"], { vocabularySize: 258 })),
      /VocabularyTooSmall: .* are 259 tokens already.*not 258/
    )
    const train = () => Tokenizer.trainWordPiece(["abc"], { vocabularySize: 9 })
    assert.match(message(train), /are 10 tokens already/) // 5 special ones, a, b, c, ##b, ##c
    assert.match(
      message(() => Tokenizer.trainBpe(["a"], { vocabularySize: Number.NaN })),
      /not NaN/
    )
  })

  it("leaves apart what is rarer than asked", () => {
    const size = (minFrequency: number) =>
      Tokenizer.trainBpe(["abab", "ab"], { vocabularySize: 300, minFrequency }).vocabularySize
    assert.deepEqual([size(4), size(3), size(1)], [259, 260, 261])
  })

  it("keeps the case where asked to", () => {
    const [small, large] = [true, false].map((lowercase) =>
      Tokenizer.trainWordPiece(["Ab ab"], { vocabularySize: 20, lowercase })
    )
    assert.equal(small!.idOf("A"), undefined)
    assert.isNumber(large!.idOf("A"))
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

  it("decodes a tensor, batches of them, and lists; ids without a token are left out", () => {
    assert.deepEqual(decoded(tensor), ["a", "bc"])
    assert.deepEqual(decoded([tensor, HostTensor.fromArray([[100]], "int32")]), ["a", "bc", "d"])
    assert.deepEqual(decoded([[97, -100], Int32Array.of(98)]), ["a", "b"])
    assert.deepEqual(decoded(HostTensor.fromArray([[-100]], "int32")), [""])
    assert.deepEqual(Tokenizer.decodeBatch(bytes, [[97, eos]]), ["a<eos>"])
  })

  it("refuses logits, several tensors and nothing, and says what to do", () => {
    assert.match(
      message(() => decoded(HostTensor.ones([1, 2, 3]))),
      /InvalidTensor: .*its shape is \[1,2,3\] where ids are \[rows, length\]: of logits take EvalPrediction.argmax/
    )
    assert.match(
      message(() => decoded({ a: tensor, b: tensor })),
      /there are several \(a, b\): take one with EvalPrediction.take/
    )
    assert.match(
      message(() => decoded(undefined)),
      /there is none: with predictionLossOnly/
    )
  })
})
