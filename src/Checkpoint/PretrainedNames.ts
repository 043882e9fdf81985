/** Which tensor of a file is which parameter of a model. */
import { Result } from "effect"
import type { Transformer } from "../Model/Transformers.ts"
import type { Entry } from "../Tensor/SafetensorsHeader.ts"
import { MissingTensors, UnexpectedTensors, WrongShape } from "./PretrainedErrors.ts"

export interface Matched {
  /** The parameter's path, by the tensor's name. */
  readonly pathOf: ReadonlyMap<string, string>
  readonly fresh: ReadonlyArray<string>
  readonly unused: ReadonlyArray<string>
}

export interface Options {
  /** Whether the files were saved with the same head: then nothing may be missing or left. */
  readonly sameHead: boolean
  readonly fresh: (path: string) => boolean
}

/** Matches names and shapes. **Errors**: `MissingTensors`, `UnexpectedTensors`, `WrongShape`. */
export const match = (
  model: Transformer,
  entries: ReadonlyArray<Pick<Entry, "name" | "shape" | "dtype">>,
  { sameHead, fresh: anew }: Options
): Result.Result<Matched, MissingTensors | UnexpectedTensors | WrongShape> => {
  const { architecture, base, blueprint } = model
  const pathOf = new Map<string, string>()
  const taken = new Set<string>()
  const left: Array<string> = []
  for (const { name, shape, dtype } of entries) {
    const path = spellings(name, base).find((spelling) => Object.hasOwn(blueprint, spelling))
    if (path === undefined || taken.has(path)) {
      if (!spellings(name, base).some(model.ignoredTensors)) left.push(name)
      continue
    }
    if (anew(path)) continue
    const expected = blueprint[path]!.shape
    if (shape.join() !== expected.join() || !floats.has(dtype))
      return Result.fail(new WrongShape({ tensor: name, expected: `[${expected}] of floats`, found: `[${shape}] of ${dtype}` }))
    taken.add(path)
    pathOf.set(name, path)
  }
  const absent = Object.keys(blueprint).filter((path) => !taken.has(path))
  const missing = absent.filter((path) => !anew(path) && (sameHead || !ofHead(path, base)))
  if (missing.length > 0) return Result.fail(new MissingTensors({ architecture, tensors: missing }))
  const unexpected = left.filter((name) => sameHead || !ofHead(name, base))
  if (unexpected.length > 0) return Result.fail(new UnexpectedTensors({ architecture, tensors: unexpected }))
  return Result.succeed({ pathOf, fresh: absent, unused: left })
}

/** A name as it stands and behind the base model's prefix, each with today's words for a norm's weight and bias. */
const spellings = (name: string, base: string): ReadonlyArray<string> => {
  const today = name.replace(/LayerNorm\.gamma$/, "LayerNorm.weight").replace(/LayerNorm\.beta$/, "LayerNorm.bias")
  return base === "" ? [today] : [today, `${base}.${today}`]
}

/** The pooler is a part of the base model that only some heads look at. */
const ofHead = (path: string, base: string) => base !== "" && (!path.startsWith(`${base}.`) || path.startsWith(`${base}.pooler.`))

const floats: ReadonlySet<string> = new Set(["F64", "F32", "F16", "BF16"])
