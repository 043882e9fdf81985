import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as RunLayers from "../../../src/Program/RunLayers.ts"

const args = (input: Arguments.Input) => Result.getOrThrow(Arguments.make(input))

it.live("refuses use_cpu with a GPU device before any device is opened", () =>
  Effect.gen(function* () {
    for (const input of [{ useCpu: true }, { noCuda: true }]) {
      const layer = RunLayers.fromArguments(args(input), { device: "webgpu" })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      expect(error).toMatchObject({ _tag: "ContradictoryArguments", names: ["use_cpu", "device"] })
      expect(error.message).toMatch(/use_cpu .*webgpu.*leave one of them out/)
    }
  }).pipe(Effect.provide(NodeServices.layer))
)

it("accepts use_cpu with CPU devices, and a GPU device without use_cpu", () => {
  for (const device of ["auto", "cpu", "wasm"] as const)
    expect(Result.isSuccess(RunLayers.check(args({ useCpu: true }), device))).toBe(true)
  expect(Result.isSuccess(RunLayers.check(args({}), "webgpu"))).toBe(true)
})
