/** Deprecated arguments as recorded from the real ones, one by one. */
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as Deprecated from "../../../src/Arguments/Deprecated.ts"
import { read } from "../../golden/Recorded.ts"

interface Case {
  readonly args: Readonly<Record<string, unknown>>
  readonly result: "accepted" | { readonly error: string }
  readonly warnings: ReadonlyArray<{ readonly kind: string; readonly names: ReadonlyArray<string> }>
  readonly effect: Readonly<Record<string, unknown>> | null
}

const { cases } = read<{ readonly cases: ReadonlyArray<Case> }>("deprecated_arguments.json")

/** The real one has given these up; they are read with a warning (deliberate difference j), and what they ask for is refused where it is not there. */
const removed: Readonly<Record<string, (parsed: Arguments.Parsed) => void>> = {
  evaluation_strategy: ({ input }) => expect(input).toEqual({ evalStrategy: "epoch" }),
  dispatch_batches: ({ input }) => expect(input).toEqual({ acceleratorConfig: { dispatch_batches: true } }),
  split_batches: ({ input }) => expect(input).toEqual({ acceleratorConfig: { split_batches: true } })
}

describe.each(cases.map((one) => [JSON.stringify(one.args), one] as const))("%s", (_, { args, effect, result, warnings }) => {
  const name = Object.keys(args)[0]!

  it(result === "accepted" ? "is read as recorded" : "is read though it was removed", () => {
    // the real one ran on the processor, in the folder "run"
    const parsed = Arguments.fromJson({ output_dir: "run", use_cpu: true, ...args })
    if (name === "use_ipex") {
      expect(Result.getOrThrow(Result.flip(parsed))._tag).toBe("NotSupported")
      return
    }
    if (result !== "accepted") {
      expect(Result.getOrThrow(parsed).warnings).toHaveLength(1)
      removed[name]!(Result.getOrThrow(Arguments.fromJson(args)))
      return
    }
    expect(Result.getOrThrow(parsed).warnings).toEqual([])
    const made = Result.getOrThrow(Result.flatMap(parsed, ({ input }) => Arguments.make(input)))
    const dict = Arguments.toSanitizedDict(made)
    const recorded = Object.fromEntries(
      Object.entries(effect!).map(([key, value]) => [
        key,
        value === null ? "None" : Array.isArray(value) ? `[${value.map((item) => `'${item}'`).join(", ")}]` : value
      ])
    )
    expect(dict).toMatchObject(recorded)
    const said = Arguments.warnings(made)
    expect(said).toHaveLength(warnings.length)
    for (const [i, { kind, names }] of warnings.entries()) {
      expect(kind).toBe("FutureWarning")
      for (const each of names) expect(said[i]).toContain(each)
    }
  })
})

it("applies no deprecated argument twice", () => {
  const all: Arguments.Input = {
    noCuda: true,
    adafactor: true,
    includeInputsForMetrics: true,
    tpuMetricsDebug: true,
    fp16Backend: "amp",
    torchdynamo: "eager",
    fsdpMinNumParams: 3,
    fsdpTransformerLayerClsToWrap: "Block",
    pushToHubModelId: "m",
    pushToHubOrganization: "o",
    pushToHubToken: "t"
  }
  const made = Result.getOrThrow(Arguments.make(all))
  expect(Deprecated.apply(made)).toEqual(made)
  expect(made).toMatchObject({ hubModelId: "o/m", hubToken: "t", torchCompile: true, optim: "adafactor" })
  expect(made.fsdpConfig).toMatchObject({ min_num_params: 3, transformer_layer_cls_to_wrap: ["Block"] })
  expect(Arguments.warnings(made)).toHaveLength(10)
})

it("takes the removed spellings as flags of code do not, beside what is called so now", () => {
  const json = { accelerator_config: { even_batches: false }, split_batches: true, dispatch_batches: null, use_ipex: false }
  const { input, warnings } = Result.getOrThrow(Arguments.fromJson(json))
  expect(warnings).toHaveLength(3)
  expect(Result.getOrThrow(Arguments.make(input)).acceleratorConfig).toMatchObject({
    even_batches: false,
    split_batches: true,
    dispatch_batches: null
  })
  expect(Result.getOrThrow(Result.flip(Arguments.fromJson({ use_ipex: 3 }))).message).toBe(
    "use_ipex is 3; it must be true or false."
  )
})
