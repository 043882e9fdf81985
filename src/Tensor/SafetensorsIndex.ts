/**
 * Plans, writes and reads the index of a model in several files: the file of each tensor. **Source**: `model.safetensors.index.json` of Hugging Face's transformers: `weight_map`, and
 * `metadata.total_size` in bytes.
 */
import type { HostTensors } from "./HostTensor.ts"
import { byteLength, type Options } from "./Safetensors.ts"
import { own } from "./SafetensorsDtypes.ts"
import { InvalidSafetensors } from "./SafetensorsErrors.ts"

/** Files by name, each with the names of its tensors. */
export type Shards = ReadonlyMap<string, ReadonlyArray<string>>

/**
 * Distributes tensors, in their order, over files of at most `maxBytes` of tensors each; a larger tensor has a file of its own. One file is called
 * `model.safetensors`, several `model-00001-of-00002.safetensors` and so on.
 */
export const plan = (tensors: HostTensors, maxBytes: number, { stored = {} }: Options = {}): Shards => {
  const groups: Array<Array<string>> = [[]]
  let filled = 0
  for (const [name, tensor] of Object.entries(tensors)) {
    const size = byteLength(tensor, Object.hasOwn(stored, name) ? stored[name]! : own[tensor.dtype])
    if (filled > 0 && filled + size > maxBytes) {
      groups.push([])
      filled = 0
    }
    groups.at(-1)!.push(name)
    filled += size
  }
  const digits = (n: number) => String(n).padStart(5, "0")
  const fileOf = (i: number) =>
    groups.length === 1 ? "model.safetensors" : `model-${digits(i + 1)}-of-${digits(groups.length)}.safetensors`
  return new Map(groups.map((names, i) => [fileOf(i), names]))
}

/** Writes the index. **Law**: `parse` undoes it. */
export const render = (shards: Shards, totalSize: number): string => {
  const pairs = [...shards].flatMap(([file, names]) => names.map((name) => [name, file] as const))
  const map = pairs
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, file]) => `    ${JSON.stringify(name)}: ${JSON.stringify(file)}`)
  return `{\n  "metadata": {\n    "total_size": ${totalSize}\n  },\n  "weight_map": {\n${map.join(",\n")}\n  }\n}\n`
}

/** Reads and validates an index: a file is a name beside the index, never a path. **Errors**: throws `InvalidSafetensors`. */
export const parse = (text: string): Shards => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new InvalidSafetensors({ reason: "the index is not JSON" })
  }
  const map = isRecord(json) ? json.weight_map : undefined
  if (!isRecord(map)) throw new InvalidSafetensors({ reason: "the index has no weight_map" })
  const shards = new Map<string, Array<string>>()
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== "string" || !/^[\w.-]+\.safetensors$/.test(file))
      throw new InvalidSafetensors({
        tensor: name,
        reason: `${JSON.stringify(file)} in the index is not a file name`
      })
    shards.set(file, [...(shards.get(file) ?? []), name])
  }
  return shards
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
