import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Device } from "../../../../src/Layer/Device/Device.ts"
import * as Wasm from "../../../../src/Layer/Device/Wasm.ts"

const listeners = () => [process.listeners("uncaughtException"), process.listeners("unhandledRejection")]

it.effect("leaves no listener of the backend for a program's own errors", () => {
  const before = listeners()
  return Effect.gen(function* () {
    yield* Device
    expect(listeners()).toEqual(before)
  }).pipe(Effect.provide(Wasm.layer, { local: true }))
})
