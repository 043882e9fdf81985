/**
 * Measures training on files larger than memory: a linear model, trained by the real driver on JSON Lines and on Parquet, in shuffled
 * order, from a file of 20 MB and from one of 2 GB, each in a process of its own; and on the same rows in memory, decoded at each read as
 * the file's are. Units: rows/s; MB of peak resident memory. Run it with `node bench/data-memory.ts [megabytes [steps [jsonl|parquet]]]`.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, Result, Schema, type Scope } from "effect"
import { fileWriter, ParquetWriter } from "hyparquet-writer"
import * as Arguments from "../src/Arguments/Arguments.ts"
import * as Compile from "../src/Arguments/Compile.ts"
import * as Stores from "../src/Checkpoint/Stores.ts"
import * as Collator from "../src/Data/Collators.ts"
import * as Dataset from "../src/Data/Dataset.ts"
import * as Jsonl from "../src/Data/File/Jsonl.ts"
import * as Parquet from "../src/Data/File/Parquet.ts"
import * as Loader from "../src/Data/Loaders.ts"
import * as Sampler from "../src/Data/Samplers.ts"
import * as Trainer from "../src/HuggingFaceTrainer/Trainer.ts"
import * as Devices from "../src/Layer/Device/Devices.ts"
import * as Loggers from "../src/Layer/Logger/Loggers.ts"
import * as Optimizer from "../src/Layer/Optimizer.ts"
import * as Dense from "../src/Model/Dense.ts"
import * as Loss from "../src/Model/Loss.ts"
import * as Model from "../src/Model/Model.ts"
import * as Parameters from "../src/Model/Parameters.ts"
import * as Key from "../src/Tensor/Key.ts"
import * as Random from "../src/Tensor/Random.ts"

const width = 64
const batchSize = 256
const block = 2000
const variants = ["small", "memory", "large"] as const
const kinds = ["jsonl", "parquet"] as const
type Kind = (typeof kinds)[number]

const Row = Schema.Struct({ x: Schema.Array(Schema.Number), y: Schema.Number })
type Row = typeof Row.Type

const rowsOf = (seed: number): ReadonlyArray<Row> => {
  const { data } = Random.uniform(Key.make(seed), [block, width])
  return Array.from({ length: block }, (_, i) => {
    const x = Array.from(data.subarray(i * width, (i + 1) * width))
    return { x, y: Math.fround(x[0]! - x[1]!) }
  })
}

/** Writes blocks of 2,000 rows, of which ten differ, until the file is large enough. */
const write = (kind: Kind, path: string, bytes: number) => {
  const blocks = Array.from({ length: 10 }, (_, seed) => rowsOf(seed))
  if (kind === "jsonl") {
    const file = openSync(path, "w")
    const texts = blocks.map((rows) => Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join("")))
    for (let written = 0, i = 0; written < bytes; i++) written += writeSync(file, texts[i % 10]!)
    closeSync(file)
    return
  }
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    codec: "UNCOMPRESSED",
    schema: [
      { name: "root", num_children: 2 },
      { name: "x", num_children: 1, repetition_type: "REQUIRED", converted_type: "LIST" },
      { name: "list", num_children: 1, repetition_type: "REPEATED" },
      { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
      { name: "y", type: "FLOAT", repetition_type: "REQUIRED" }
    ]
  })
  for (let i = 0; i * block * (width + 1) * 4 < bytes; i++) {
    const rows = blocks[i % 10]!
    const columnData = [
      { name: "x", data: rows.map(({ x }) => x) },
      { name: "y", data: rows.map(({ y }) => y) }
    ]
    writer.write({ columnData, rowGroupSize: block })
  }
  writer.finish()
}

const model = Model.make({
  inputs: ["x"],
  labels: ["y"],
  init: Parameters.make({ lin: Dense.init({ inputs: width, outputs: 1 }) }),
  forward: (p, { x }) => ({ logits: Dense.apply(p, "lin", x) }),
  loss: ({ logits }, { y }) => Loss.meanSquaredError(logits, y)
})

const open = (
  kind: Kind,
  path: string,
  inMemory: boolean
): Effect.Effect<{ dataset: Dataset.Dataset<Row>; sampler: Sampler.Sampler }, Dataset.DataError, Scope.Scope> =>
  Effect.gen(function* () {
    if (inMemory) {
      const decode = Schema.decodeUnknownSync(Row)
      const texts = kind === "jsonl" ? readFileSync(path, "utf8").trimEnd().split("\n") : undefined
      const rows = texts === undefined ? Array.from({ length: 10 }, (_, seed) => rowsOf(seed)).flat() : []
      const at = (i: number) => decode(texts === undefined ? rows[i] : JSON.parse(texts[i]!))
      return { dataset: Dataset.make({ size: (texts ?? rows).length, at }), sampler: Sampler.random({ seed: 1 }) }
    }
    if (kind === "jsonl") return { dataset: yield* Jsonl.open(path, Row), sampler: Sampler.random({ seed: 1 }) }
    const dataset = yield* Parquet.open(path, Row)
    return { dataset, sampler: Sampler.blocks({ blocks: dataset.blocks, seed: 1 }) }
  })

const train = Effect.fnUntraced(function* (kind: Kind, path: string, inMemory: boolean, maxSteps: number) {
  const opening = performance.now()
  const { dataset, sampler } = yield* open(kind, path, inMemory)
  const opened = performance.now() - opening
  const collate = Collator.stack()
  const loader = yield* Loader.make({ dataset, sampler, batchSize, collate: (rows, indices) => collate(rows, indices) })
  const ahead = inMemory ? loader : yield* Loader.prefetch(loader, 2)
  const args = Result.getOrThrow(
    Arguments.make({
      maxSteps,
      learningRate: 0.01,
      loggingSteps: maxSteps,
      saveStrategy: "no",
      perDeviceTrainBatchSize: batchSize
    })
  )
  const plan = Result.getOrThrow(Compile.plan(args, { batchesPerEpoch: loader.batchesPerEpoch, sets: [] }))
  const start = performance.now()
  yield* Trainer.train(Trainer.task({ model, train: ahead }), plan).pipe(
    Effect.provide(Layer.mergeAll(Devices.cpu, Stores.memory, Loggers.none, Optimizer.layer(Compile.optimizer(args))))
  )
  const seconds = (performance.now() - start) / 1000
  const decoding = performance.now()
  for (let batch = 0; batch < 200; batch++) yield* loader.batch(0, batch % loader.batchesPerEpoch)
  return {
    rowsPerSecond: (maxSteps * batchSize) / seconds,
    msPerStep: (1000 * seconds) / maxSteps,
    msOfData: (performance.now() - decoding) / 200,
    opened,
    rows: dataset.size,
    peak: process.resourceUsage().maxRSS / 1024
  }
})

type Report = Effect.Success<ReturnType<typeof train>>

const measure = async (kind: Kind, path: string, inMemory: boolean, steps: number): Promise<Report> => {
  const child = fork(import.meta.filename, [kind, path, String(inMemory), String(steps)])
  const [report] = await once(child, "message")
  await once(child, "exit")
  return report
}

if (process.send !== undefined) {
  const [kind, path, inMemory, steps] = process.argv.slice(2)
  const report = await Effect.runPromise(Effect.scoped(train(kind as Kind, path!, inMemory === "true", Number(steps))))
  process.send(report)
  process.disconnect()
} else {
  const large = Number(process.argv[2] ?? 2048) * 1e6
  const steps = Number(process.argv[3] ?? 1000)
  const folder = mkdtempSync(join(tmpdir(), "regimen-bench-"))
  try {
    for (const kind of kinds.filter((kind) => process.argv[4] === undefined || process.argv[4] === kind)) {
      const paths = { small: join(folder, `small.${kind}`), large: join(folder, `large.${kind}`) }
      write(kind, paths.small, 20e6)
      write(kind, paths.large, large)
      console.log(
        `${kind}: files of ${(statSync(paths.small).size / 1e6).toFixed(0)} and ${(statSync(paths.large).size / 1e6).toFixed(0)} MB`
      )
      const reports: Partial<Record<(typeof variants)[number], Report>> = {}
      for (const variant of variants) {
        const report = await measure(kind, variant === "large" ? paths.large : paths.small, variant === "memory", steps)
        reports[variant] = report
        console.log(
          `  ${variant.padEnd(6)} ${report.rows} rows, ${Math.round(report.rowsPerSecond)} rows/s, ${report.msPerStep.toFixed(2)} ms a step of which data ${report.msOfData.toFixed(2)}, peak ${Math.round(report.peak)} MB, opened in ${Math.round(report.opened)} ms`
        )
      }
      const { small, memory, large: big } = reports
      console.log(`  2 GB over 20 MB: ${Math.round(big!.peak - small!.peak)} MB more (at most 64)`)
      console.log(
        `  2 GB over memory: ${((100 * big!.rowsPerSecond) / memory!.rowsPerSecond).toFixed(0)} % of the rate (at least 50)`
      )
      for (const path of Object.values(paths)) rmSync(path)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
