/** Reads the header of a safetensors file, and validates all of it. */
import { defined } from "../Defined.ts"
import { type Stored, sizes } from "./SafetensorsDtypes.ts"
import { InvalidSafetensors } from "./SafetensorsErrors.ts"

/** The position of a tensor, in bytes after the header. */
export interface Entry {
  readonly name: string
  readonly dtype: Stored
  readonly shape: ReadonlyArray<number>
  readonly begin: number
  readonly end: number
}

export interface Header {
  /** In the order of the file. */
  readonly entries: ReadonlyArray<Entry>
  readonly metadata: Readonly<Record<string, string>>
  /** The offset of the tensors' bytes. **Unit**: bytes. */
  readonly dataStart: number
}

/** The limit of the reference implementation, in bytes. */
const largestHeader = 100_000_000

/** Returns the length of the header with its size field, in bytes. **Errors**: throws `InvalidSafetensors`. */
export const headerEnd = (first: Uint8Array, fileSize: number): number => {
  if (first.length < 8) throw invalid(`expected at least 8 bytes, but it has ${first.length}`)
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true)
  if (length > BigInt(largestHeader))
    throw invalid(`the header claims ${length} bytes, more than the ${largestHeader} that are allowed`)
  const end = 8 + Number(length)
  if (end > fileSize) throw invalid(`the header claims ${length} bytes, and the file has ${fileSize - 8} more`)
  return end
}

/**
 * Reads and checks the header of a file of `fileSize` bytes, of which `bytes` are the first (at least `headerEnd`). Tensors must follow each other without
 * a gap or an overlap and end with the file. **Errors**: throws `InvalidSafetensors`.
 */
export const readHeader = (bytes: Uint8Array, fileSize: number): Header => {
  const dataStart = headerEnd(bytes, fileSize)
  const json = jsonOf(bytes.subarray(8, dataStart))
  const entries: Array<Entry> = []
  let metadata: Header["metadata"] = {}
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") metadata = metadataOf(value)
    else entries.push(entryOf(name, value))
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  let expected = 0
  for (const { name, begin, end } of entries) {
    if (begin !== expected) throw invalid(`expected it to begin at byte ${expected}, but it begins at ${begin}`, name)
    expected = end
    if (end > fileSize - dataStart) throw invalid(`it ends at byte ${end}, and the file has ${fileSize - dataStart}`, name)
  }
  if (expected !== fileSize - dataStart) throw invalid(`${fileSize - dataStart - expected} bytes at the end belong to no tensor`)
  return { entries, metadata, dataStart }
}

const jsonOf = (bytes: Uint8Array): Record<string, unknown> => {
  let text: string
  let json: unknown
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
    json = JSON.parse(text)
  } catch {
    throw invalid("the header is not JSON in UTF-8")
  }
  if (!isRecord(json) || !text.startsWith("{")) throw invalid("the header is not a JSON object")
  const repeated = repeatedKey(text)
  if (repeated !== undefined) throw invalid("its name occurs twice", repeated)
  return json
}

const entryOf = (name: string, value: unknown): Entry => {
  if (!isRecord(value)) throw invalid("its entry is not an object", name)
  const { dtype, shape, data_offsets: offsets } = value
  const size = typeof dtype === "string" ? sizes.get(dtype) : undefined
  if (size === undefined)
    throw invalid(`dtype ${JSON.stringify(dtype)} is not one that can be read (${[...sizes.keys()].join(", ")})`, name)
  if (!isNaturals(shape)) throw invalid("its shape is not a list of whole numbers", name)
  if (!isNaturals(offsets) || offsets.length !== 2) throw invalid("its offsets are not two whole numbers", name)
  const [begin, end] = offsets as [number, number]
  const length = shape.reduce((product, n) => product * n, size)
  if (end - begin !== length)
    throw invalid(`shape [${shape}] of ${dtype} takes ${length} bytes, and its offsets span ${end - begin}`, name)
  return { name, dtype: dtype as Stored, shape, begin, end }
}

const metadataOf = (value: unknown): Header["metadata"] => {
  if (!isRecord(value) || !Object.values(value).every((text) => typeof text === "string")) {
    throw invalid("__metadata__ is not an object of strings")
  }
  return value as Header["metadata"]
}

/**
 * Finds a key that occurs twice in the outermost object, which `JSON.parse` accepts: one parser would take the last one and another the first.
 * The text is known to be valid JSON.
 */
const repeatedKey = (text: string): string | undefined => {
  const seen = new Set<string>()
  let depth = 0
  const colon = /\s*:/y
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth += 1
    else if (token === "}" || token === "]") depth -= 1
    else if (depth === 1) {
      colon.lastIndex = index + token.length
      if (!colon.test(text)) continue
      const key: string = JSON.parse(token)
      if (seen.has(key)) return key
      seen.add(key)
    }
  }
  return undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isNaturals = (value: unknown): value is ReadonlyArray<number> =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0)

const invalid = (reason: string, tensor?: string) => new InvalidSafetensors({ reason, ...defined({ tensor }) })
