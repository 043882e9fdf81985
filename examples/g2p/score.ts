/**
 * Scores the pronunciation of held-out words: `node examples/g2p/score.ts runs/g2p [words]`. Of a word's variants the one that is
 * nearest counts. Phoneme error rate: edits over phonemes; word error rate: words with any.
 */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { Device } from "regimen"
import { EditRate, Table } from "regimen/metrics"
import { HostTensor, Key } from "regimen/nn"
import { Generation, Pretrained } from "regimen/transformers"
import { end, pad, phonemesOf, spell, test, type Word } from "./data.ts"

const folder = process.argv[2] ?? "runs/g2p"
const count = Number(process.argv[3] ?? test.length)
const newest = readdirSync(folder)
  .flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? [])
  .reduce((top, step) => Math.max(top, Number(step)), 0)

/** Words of one length are read together. */
const batches = (words: ReadonlyArray<Word>, size: number): ReadonlyArray<ReadonlyArray<Word>> => {
  const sorted = words.toSorted((a, b) => a.word.length - b.word.length)
  return Array.from({ length: Math.ceil(sorted.length / size) }, (_, i) => sorted.slice(i * size, (i + 1) * size))
}

const padded = (rows: ReadonlyArray<ReadonlyArray<number>>, filler: number) => {
  const length = Math.max(...rows.map((row) => row.length))
  return rows.map((row) => [...row, ...Array<number>(length - row.length).fill(filler)])
}

interface Scored extends Word {
  readonly predicted: ReadonlyArray<string>
  readonly edits: number
  readonly length: number
}

/** Against the variant with the fewest edits for its length. */
const score = (word: Word, predicted: ReadonlyArray<string>): Scored => {
  const [best] = word.variants
    .map((variant) => ({ edits: EditRate.distance(predicted, variant), length: variant.length }))
    .toSorted((a, b) => a.edits / a.length - b.edits / b.length)
  return { ...word, predicted, ...best! }
}

const program = Effect.gen(function* () {
  const device = yield* Device.Device
  const { model } = yield* Pretrained.load(join(folder, `checkpoint-${newest}`))
  const parameters = yield* device.put(model.init(Key.make(0)))
  const settings = { numBeams: 4, maxLength: 32, padTokenId: pad, eosTokenId: end, decoderStartTokenId: pad }
  const scored: Array<Scored> = []
  for (const words of batches(test.slice(0, count), 64)) {
    const ids = words.map(({ word }) => spell(word))
    const inputs = {
      input_ids: HostTensor.fromArray(padded(ids, pad), "int32"),
      attention_mask: HostTensor.fromArray(
        padded(
          ids.map((row) => row.map(() => 1)),
          0
        ),
        "int32"
      )
    }
    const { sequences } = yield* Generation.generate({ model, weights: { parameters, buffers: {} }, batch: inputs, settings })
    const length = sequences.shape[1]!
    for (const [i, word] of words.entries())
      scored.push(score(word, phonemesOf(Array.from(sequences.data.slice(i * length + 1, (i + 1) * length)))))
    process.stderr.write(`\r${scored.length} of ${count} words`)
  }
  const sum = (of: (each: Scored) => number) => scored.reduce((total, each) => total + of(each), 0)
  const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`
  const by = (group: ReadonlyArray<Scored>, name: string) => [
    name,
    String(group.length),
    share(
      group.reduce((total, { edits }) => total + edits, 0),
      group.reduce((total, { length }) => total + length, 0)
    ),
    share(group.filter(({ edits }) => edits > 0).length, group.length)
  ]
  const lengths = [
    [1, 4],
    [5, 7],
    [8, 10],
    [11, 99]
  ] as const
  yield* Console.log(
    `\n${folder}, step ${newest}: phoneme error rate ${share(
      sum(({ edits }) => edits),
      sum(({ length }) => length)
    )}\n`
  )
  yield* Console.log(
    Table.render(
      ["letters", "words", "phoneme errors", "word errors"],
      [
        ...lengths.flatMap(([from, to]) => {
          const group = scored.filter(({ word }) => word.length >= from && word.length <= to)
          return group.length === 0 ? [] : [by(group, to === 99 ? `${from} and more` : `${from} to ${to}`)]
        }),
        by(scored, "all")
      ]
    )
  )
  yield* Console.log("\nSome that went wrong:\n")
  yield* Console.log(
    Table.render(
      ["word", "predicted", "right"],
      [
        ...scored
          .filter(({ edits }, i) => edits > 0 && i % 97 === 0)
          .slice(0, 12)
          .map(({ predicted, variants, word }) => [word, predicted.join(" "), variants[0]!.join(" ")])
      ]
    )
  )
})

await Effect.runPromise(program.pipe(Effect.provide(Layer.merge(Device.wasm, NodeServices.layer))))
