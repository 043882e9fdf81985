/** Deprecated arguments, each compared with a recording of transformers' TrainingArguments. */
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

/** Arguments that transformers has removed: they are accepted with a warning (deliberate difference j), and rejected if their value is not supported. */
const removed: Readonly<Record<string, (parsed: Arguments.Parsed) => void>> = {
  evaluation_strategy: ({ input }) => expect(input).toEqual({ evalStrategy: "epoch" }),
  dispatch_batches: ({ input }) => expect(input).toEqual({ acceleratorConfig: { dispatch_batches: true } }),
  split_batches: ({ input }) => expect(input).toEqual({ acceleratorConfig: { split_batches: true } })
}

describe.each(cases.map((one) => [JSON.stringify(one.args), one] as const))("%s", (_, { args, effect, result, warnings }) => {
  const name = Object.keys(args)[0]!

  it(
    result === "accepted" ? "has the recorded effect and warnings" : "is accepted with a warning although it was removed",
    () => {
      // recorded on the CPU, with the output folder "run"
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
      const parsedArgs = Result.getOrThrow(Result.flatMap(parsed, ({ input }) => Arguments.make(input)))
      const dict = Arguments.toSanitizedDict(parsedArgs)
      const recorded = Object.fromEntries(
        Object.entries(effect!).map(([key, value]) => [
          key,
          value === null ? "None" : Array.isArray(value) ? `[${value.map((item) => `'${item}'`).join(", ")}]` : value
        ])
      )
      expect(dict).toMatchObject(recorded)
      const messages = Arguments.warnings(parsedArgs)
      expect(messages).toHaveLength(warnings.length)
      for (const [i, { kind, names }] of warnings.entries()) {
        expect(kind).toBe("FutureWarning")
        for (const name of names) expect(messages[i]).toContain(name)
      }
    }
  )
})

it("is idempotent", () => {
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
  const args = Result.getOrThrow(Arguments.make(all))
  expect(Deprecated.apply(args)).toEqual(args)
  expect(args).toMatchObject({ hubModelId: "o/m", hubToken: "t", torchCompile: true, optim: "adafactor" })
  expect(args.fsdpConfig).toMatchObject({ min_num_params: 3, transformer_layer_cls_to_wrap: ["Block"] })
  expect(Arguments.warnings(args)).toHaveLength(10)
})

it("merges removed arguments of JSON with the ones that replace them", () => {
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
