import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Collator from "../../../src/Data/Collators.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Packing from "../../../src/Tokenizer/Packing.ts"
import * as Tokenizer from "../../../src/Tokenizer/Tokenizers.ts"

const tokenizer = Tokenizer.trainWordPiece(["a b c d e"], { vocabularySize: 10 })
const pad = Tokenizer.specialId(tokenizer, "pad")
const cls = Tokenizer.specialId(tokenizer, "cls")
const sep = Tokenizer.specialId(tokenizer, "sep")
const mask = Tokenizer.specialId(tokenizer, "mask")
const rows = ["a b", "c"].map((text) => Tokenizer.encode(tokenizer, text))
const collate = (collator: Collator.Collator<unknown>, all: ReadonlyArray<unknown> = rows) =>
  Object.fromEntries(
    Object.entries(
      Effect.runSync(
        collator(
          all,
          all.map((_, i) => i)
        )
      )
    ).map(([name, tensor]) => [name, HostTensor.toArray(tensor)])
  )
const ids = (...tokens: ReadonlyArray<string>) => tokens.map((token) => tokenizer.idOf(token)!)

describe("Collator.forTokenizer", () => {
  it("pads as Tokenizer.encodeBatch does", () => {
    for (const paddingSide of ["right", "left"] as const) {
      const self = { ...tokenizer, paddingSide }
      const batch = Tokenizer.encodeBatch(self, ["a b", "c"], { padding: "longest", multipleOf: 8 })
      assert.deepEqual(collate(Collator.forTokenizer(self, { multipleOf: 8 })), {
        input_ids: batch.map((row) => [...row.input_ids]),
        attention_mask: batch.map((row) => [...row.attention_mask]),
        token_type_ids: batch.map((row) => [...row.token_type_ids!])
      })
    }
  })

  it.each(["label", "labels"])(
    "keeps fractional labels as float32, and multi-label rows at their own width, in the column %s",
    (column) => {
      const labelled = (labels: ReadonlyArray<unknown>) =>
        Effect.runSync(
          Collator.forTokenizer(tokenizer)(
            rows.map((row, i) => ({ ...row, [column]: labels[i] })),
            [0, 1]
          )
        ).labels
      assert.deepEqual(labelled([3.8, 5]), { dtype: "float32", shape: [2], data: Float32Array.of(3.8, 5) })
      assert.deepEqual(labelled([3, 5]), { dtype: "int32", shape: [2], data: Int32Array.of(3, 5) })
      const [two, three] = [
        [1, 0],
        [0, 1, 0]
      ]
      assert.deepEqual(labelled([two, two]), { dtype: "int32", shape: [2, 2], data: Int32Array.of(1, 0, 1, 0) })
      assert.deepEqual(labelled([three, three])?.shape, [2, 3]) // as long as one of the texts, and not padded
      const soft = Float32Array.of(0.5, 0.25)
      assert.deepEqual(labelled([soft, soft]), { dtype: "float32", shape: [2, 2], data: Float32Array.of(0.5, 0.25, 0.5, 0.25) })
      assert.deepEqual(labelled([[0.5, 1], two])?.dtype, "float32")
    }
  )

  it("pads per-token labels", () => {
    const batch = collate(
      Collator.forTokenizer(tokenizer),
      rows.map((row) => ({ ...row, labels: row.input_ids }))
    )
    assert.deepEqual(batch.labels, [
      [cls, ...ids("a", "b"), sep],
      [cls, ...ids("c"), sep, -100]
    ])
  })

  it("pads all columns of packed rows", () => {
    const packed = Packing.cut([{ input_ids: [5, 6, 7] }, { input_ids: [8, 9] }], { length: 4 })
    assert.deepEqual(collate(Collator.forTokenizer({ ...tokenizer, special: { pad: 3 } }), packed), {
      input_ids: [
        [5, 6, 7, 8],
        [9, 3, 3, 3]
      ],
      attention_mask: [
        [1, 1, 1, 1],
        [1, 0, 0, 0]
      ],
      labels: [
        [-100, 6, 7, -100],
        [-100, -100, -100, -100]
      ],
      position_ids: [
        [0, 1, 2, 0],
        [0, 0, 0, 0]
      ],
      segment_ids: [
        [1, 1, 1, 2],
        [1, 0, 0, 0]
      ]
    })
  })

  it("refuses a tokenizer without a pad token on creation", () => {
    const make = () => Collator.forTokenizer({ ...tokenizer, special: {} })
    assert.throws(make, /no pad token/)
  })
})

describe("Collator.causalFor", () => {
  it("labels all tokens but padding", () => {
    const { labels } = collate(Collator.causalFor(tokenizer))
    assert.deepEqual(labels, [
      [cls, ...ids("a", "b"), sep],
      [cls, ...ids("c"), sep, -100]
    ])
  })
})

describe("Collator.maskedFor", () => {
  it("masks tokens that are not special, with the tokenizer's mask token", () => {
    const batch = collate(Collator.maskedFor(tokenizer, { seed: 1, probability: 1, replaceByMask: 1, replaceByRandom: 0 }))
    assert.deepEqual(batch.input_ids, [
      [cls, mask, mask, sep],
      [cls, mask, sep, pad]
    ])
    assert.deepEqual(batch.labels, [
      [-100, ...ids("a", "b"), -100],
      [-100, ...ids("c"), -100, -100]
    ])
  })

  it("draws random tokens from the whole vocabulary", () => {
    const all = Array.from({ length: 200 }, () => rows[0])
    const batch = collate(Collator.maskedFor(tokenizer, { seed: 1, probability: 1, replaceByMask: 0, replaceByRandom: 1 }), all)
    const drawn = new Set((batch.input_ids as ReadonlyArray<ReadonlyArray<number>>).flatMap((row) => row.slice(1, 3)))
    assert.equal(drawn.size, tokenizer.vocabularySize)
    assert.throws(() => Collator.maskedFor(Tokenizer.bytes(), { seed: 1 }), /no mask token/)
  })
})

describe("Collator.seq2seqFor", () => {
  it("pads inputs and labels to separate lengths, on the tokenizer's padding side", () => {
    const rows = [
      { input_ids: [5, 6], labels: [7] },
      { input_ids: [8], labels: [9, 5] }
    ]
    const self = { ...tokenizer, paddingSide: "left" as const }
    assert.deepEqual(collate(Collator.seq2seqFor(self, { multipleOf: 3 }), rows), {
      input_ids: [
        [pad, 5, 6],
        [pad, pad, 8]
      ],
      attention_mask: [
        [0, 1, 1],
        [0, 0, 1]
      ],
      labels: [
        [-100, -100, 7],
        [-100, 9, 5]
      ]
    })
  })
})

it("refuses rows without input_ids, with their columns", () => {
  const error = Effect.runSync(Effect.flip(Collator.forTokenizer(tokenizer)([{ label: 1, text: "a" }], [6])))
  assert.strictEqual(
    error.message,
    "row 6: the rows have no input_ids (they have label, text): tokenize them first, with Tokenizer.encode"
  )
})
