import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Device } from "../../../../src/Layer/Device/Device.ts"
import * as Wasm from "../../../../src/Layer/Device/Wasm.ts"

const listeners = () => [process.listeners("uncaughtException"), process.listeners("unhandledRejection")]

it.effect("a program's own errors stay as they are: no listener of the backend is left", () => {
  const before = listeners()
  return Effect.gen(function* () {
    yield* Device
    expect(listeners()).toEqual(before)
  }).pipe(Effect.provide(Wasm.layer, { local: true }))
})
