/** A device that runs out of memory. */
import { Effect, Layer } from "effect"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import { Device } from "../../src/Layer/Device/Device.ts"
import type { Input } from "../../src/Step/Step.ts"

/** The cpu, which fails with out of memory for micro-batches of more than `rows` rows, in the operations that `when` accepts. */
export const small = (rows: number, when: (during: string) => boolean = () => true) =>
  Layer.effect(
    Device,
    Effect.map(Device, (device) => {
      let doing = ""
      return {
        ...device,
        run: <A>(during: string, f: () => A) =>
          device.run(during, () => {
            doing = during
            return f()
          }),
        compile:
          <I, O>(f: (input: I) => O) =>
          (input: I) => {
            const { batches } = input as Input
            if (when(doing) && batches.some((batch) => batch.x!.shape[0]! > rows)) throw new Error("Out of memory: 1 MiB")
            return f(input)
          }
      }
    })
  ).pipe(Layer.provide(Cpu.layer))
