/**
 * A model's tensors in a folder, in the Hugging Face form: `model.safetensors`, or several files with `model.safetensors.index.json`. Files are read by
 * ranges, a tensor at a time, and written as streams: neither way is a whole file in memory.
 */
import { Effect, FileSystem, Path, type PlatformError, type Scope, Stream } from "effect"
import type { Model } from "../Model/Model.ts"
import type { HostTensor, HostTensors } from "../Tensor/HostTensor.ts"
import * as Safetensors from "../Tensor/Safetensors.ts"
import { type Entry, type Header, headerEnd, readHeader } from "../Tensor/SafetensorsHeader.ts"
import * as Index from "../Tensor/SafetensorsIndex.ts"
import * as WeightFiles from "./WeightFiles.ts"

export interface Options extends Safetensors.Options {
  /** **Unit**: bytes of tensors in a file. Default 5e9. */
  readonly maxShardBytes?: number
}

/** A tensor as it comes from its file. */
export interface Loaded {
  readonly name: string
  readonly tensor: HostTensor
  /** How the file has it. */
  readonly stored: Safetensors.Stored
}

type Failure = PlatformError.PlatformError | Safetensors.InvalidSafetensors | Safetensors.OutOfRange

const single = "model.safetensors"
const index = "model.safetensors.index.json"

/**
 * Streams the tensors of a folder, one in memory at a time, in the order of the files; `only` leaves others unread.
 *
 * **Errors**: `InvalidSafetensors` for a damaged or hostile file or index, `OutOfRange`, and the file system's.
 */
export const tensors = (
  folder: string,
  only: (name: string) => boolean = () => true
): Stream.Stream<Loaded, Failure, FileSystem.FileSystem | Path.Path> =>
  Stream.unwrap(
    Effect.map(shardsOf(folder), (shards) =>
      Stream.flatMap(Stream.fromIterable(shards), ({ file, names }) =>
        Stream.unwrap(
          Effect.map(open(file), ({ header, read }) => {
            const there = new Set(header.entries.map(({ name }) => name))
            const absent = [...(names ?? [])].find((name) => !there.has(name))
            if (absent !== undefined) return Stream.fail(lacks(absent))
            const wanted = header.entries.filter(({ name }) => only(name) && (names === undefined || names.has(name)))
            return Stream.mapEffect(Stream.fromIterable(wanted), (entry) =>
              Effect.map(read(entry), (tensor): Loaded => ({ name: entry.name, tensor, stored: entry.dtype }))
            )
          })
        )
      )
    )
  )

/** Lists the tensors of a folder without reading them. **Errors**: as `tensors`. */
export const entries = Effect.fn("ShardedSafetensors.entries")(function* (folder: string) {
  const all: Array<Entry> = []
  for (const { file, names } of yield* shardsOf(folder)) {
    const { header } = yield* Effect.scoped(open(file))
    const absent = [...(names ?? [])].find((name) => !header.entries.some((entry) => entry.name === name))
    if (absent !== undefined) return yield* lacks(absent)
    all.push(...header.entries.filter(({ name }) => names === undefined || names.has(name)))
  }
  return all
})

/** Reads the tensors of a folder, and says which were cast. **Errors**: as `tensors`. */
export const load = (folder: string, only?: (name: string) => boolean) =>
  Stream.runCollect(tensors(folder, only)).pipe(
    Effect.map((loaded): Omit<Safetensors.File, "metadata"> => {
      const { tensors, stored } = Safetensors.collect(
        {},
        loaded.map(({ name, tensor, stored }) => [{ name, dtype: stored }, tensor])
      )
      return { tensors, stored }
    })
  )

/** Reads what `WeightFiles` wrote of a model: its tensors, or those of its adapter by the model's paths. **Errors**: as `tensors`. */
export const loadFor = Effect.fnUntraced(function* (folder: string, model: Model) {
  if (model.savedParameters === undefined) return (yield* load(folder)).tensors
  const bytes = yield* (yield* FileSystem.FileSystem).readFile((yield* Path.Path).join(folder, WeightFiles.adapter))
  return WeightFiles.unnamed((yield* Effect.try({ try: () => Safetensors.decode(bytes), catch: typed })).tensors)
})

/**
 * Writes tensors to a folder, in as many files as they take. Each file is complete before it has its name, and the index comes last.
 *
 * **Law**: `load` gives them back; saved with the `stored` that it gave, the files are the same again. **Errors**: `OutOfRange` and `InvalidSafetensors` for
 * a format that does not hold a tensor, and the file system's.
 */
export const save = Effect.fn("ShardedSafetensors.save")(function* (folder: string, all: HostTensors, options: Options = {}) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const shards = Index.plan(all, options.maxShardBytes ?? 5e9, options)
  let size = 0
  for (const [file, names] of shards) {
    const own = Object.fromEntries(names.map((name) => [name, all[name]!]))
    size += yield* writeFile(path.join(folder, file), Safetensors.chunks(own, options))
  }
  if (shards.size > 1) yield* fs.writeFileString(path.join(folder, index), Index.render(shards, size))
  // A folder holds one model: of an earlier one, neither the index nor the single file may stay in front of this.
  yield* fs.remove(path.join(folder, shards.size > 1 ? single : index), { force: true })
})

/** Writes the parameters of an adapter as PEFT does. **Errors**: as `save`. */
export const saveAdapter = Effect.fnUntraced(function* (folder: string, parameters: HostTensors) {
  const path = yield* Path.Path
  yield* writeFile(
    path.join(folder, WeightFiles.adapter),
    Safetensors.chunks(WeightFiles.named(parameters), { metadata: WeightFiles.metadata })
  )
})

interface Opened {
  readonly header: Header
  readonly read: (entry: Entry) => Effect.Effect<HostTensor, Failure>
}

/** Opens a file and reads its header. */
const open = Effect.fnUntraced(function* (file: string): Effect.fn.Return<Opened, Failure, FileSystem.FileSystem | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const handle = yield* fs.open(file, { flag: "r" })
  const size = Number((yield* handle.stat).size)
  const range = Effect.fnUntraced(function* (begin: number, end: number) {
    const bytes = new Uint8Array(end - begin)
    yield* handle.seek(BigInt(begin), "start")
    for (let filled = 0; filled < bytes.length; ) {
      const count = yield* handle.read(bytes.subarray(filled))
      if (count === 0) return yield* new Safetensors.InvalidSafetensors({ reason: `it ends at byte ${begin + filled}` })
      filled += count
    }
    return bytes
  })
  const first = yield* range(0, Math.min(8, size))
  const end = yield* Effect.try({ try: () => headerEnd(first, size), catch: typed })
  const bytes = yield* range(0, end)
  const header = yield* Effect.try({ try: () => readHeader(bytes, size), catch: typed })
  return {
    header,
    read: (entry) =>
      Effect.flatMap(range(header.dataStart + entry.begin, header.dataStart + entry.end), (own) =>
        Effect.try({ try: () => Safetensors.decodeEntry(entry, own), catch: typed })
      )
  }
})

interface Shard {
  readonly file: string
  /** What the index promises, where there is one. */
  readonly names: ReadonlySet<string> | undefined
}

/** The files of a folder, each with the tensors that an index promises of it. */
const shardsOf = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const indexed = !(yield* fs.exists(path.join(folder, single))) && (yield* fs.exists(path.join(folder, index)))
  const alone: Shard = { file: path.join(folder, single), names: undefined }
  if (!indexed) return [alone]
  const text = yield* fs.readFileString(path.join(folder, index))
  const shards = yield* Effect.try({ try: () => Index.parse(text), catch: typed })
  return Array.from(shards, ([file, names]): Shard => ({ file: path.join(folder, file), names: new Set(names) }))
})

/** Writes a file piece by piece. **Unit** of the result: bytes of tensors, which are all pieces but the first. */
const writeFile = Effect.fnUntraced(function* (file: string, pieces: Generator<Uint8Array>) {
  const fs = yield* FileSystem.FileSystem
  const handle = yield* fs.open(`${file}.tmp`, { flag: "w" })
  let bytes = 0
  for (let header = true; ; header = false) {
    const piece = yield* Effect.try({ try: () => pieces.next(), catch: typed })
    if (piece.done === true) break
    yield* handle.writeAll(piece.value)
    if (!header) bytes += piece.value.length
  }
  yield* handle.sync
  yield* fs.rename(`${file}.tmp`, file)
  return bytes
}, Effect.scoped)

const lacks = (tensor: string) =>
  new Safetensors.InvalidSafetensors({ tensor, reason: "the index promises it, and the file does not have it" })

/** The codec throws these two and nothing else. */
const typed = (cause: unknown): Safetensors.InvalidSafetensors | Safetensors.OutOfRange =>
  cause instanceof Safetensors.InvalidSafetensors || cause instanceof Safetensors.OutOfRange
    ? cause
    : new Safetensors.InvalidSafetensors({ reason: String(cause) })
