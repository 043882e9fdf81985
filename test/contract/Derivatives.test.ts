/** The reference's own gradients, against finite differences that are computed in float64. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import { Device } from "../../src/Layer/Device/Device.ts"
import * as KernelCheck from "../../src/Layer/Device/KernelCheck.ts"
import * as Key from "../../src/Tensor/Key.ts"
import * as Random from "../../src/Tensor/Random.ts"
import { differentiable, gradientsOf, inputsOf } from "./DeviceCases.ts"
import type { Probed } from "./finiteDifferences.ts"

/** Of the largest derivative of the case. */
const tolerance = 1e-3

/** Up to ten single elements of each input, and two directions that move them all. */
const probed: ReadonlyArray<Probed> = differentiable.map((test) => {
  const inputs = Object.values(inputsOf(test)).map(({ data }) => [...data])
  const probes = inputs.flatMap((values, input) => {
    const stride = Math.ceil(values.length / 10)
    const single = values.flatMap((_, at) => (at % stride === 0 ? [values.map((_, i) => (i === at ? 1 : 0))] : []))
    const all = [1, 2].map((seed) => [...Random.uniform(Key.make(seed), [values.length]).data].map((u) => u - 0.5))
    return [...single, ...all].map((direction) => ({ input, direction }))
  })
  return { name: test.name, inputs, probes }
})

const program = fileURLToPath(new URL("finiteDifferences.ts", import.meta.url))
const { stdout, stderr } = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
  input: JSON.stringify(probed),
  encoding: "utf8",
  maxBuffer: 2 ** 27
})
const differences: ReadonlyArray<ReadonlyArray<number>> | undefined = stdout === "" ? undefined : JSON.parse(stdout)
if (differences === undefined) throw new Error(stderr)

layer(Cpu.layer)("the gradient on cpu", (it) => {
  it.effect("is tested on at least 90 cases over 50 kernels", () =>
    Effect.gen(function* () {
      const kernels = new Set<string>()
      for (const test of differentiable)
        for (const kernel of yield* KernelCheck.trace(test.name, () => gradientsOf(test, inputsOf(test)))) kernels.add(kernel)
      expect(differentiable.length).toBeGreaterThanOrEqual(90)
      expect(new Set(differentiable.map(({ name }) => name)).size).toBe(differentiable.length)
      expect(kernels.size).toBeGreaterThanOrEqual(50)
    })
  )

  it.effect.each(probed.map((one, i) => ({ ...one, i })))("of $name equals the finite differences", ({ i, probes }) =>
    Effect.gen(function* () {
      const device = yield* Device
      const test = differentiable[i]!
      const result = yield* device.run(test.name, () => gradientsOf(test, inputsOf(test)))
      const gradients = yield* device.read(result)
      yield* device.dispose(result)
      const found = probes.map(({ input, direction }) => {
        const gradient = gradients[`x${input}`]!.data
        return direction.reduce((sum, by, j) => sum + by * gradient[j]!, 0)
      })
      const expected = differences[i]!
      const scale = expected.reduce((top, x) => Math.max(top, Math.abs(x)), 1)
      for (const [probe, slope] of expected.entries())
        expect(Math.abs(found[probe]! - slope), `probe ${probe}: ${found[probe]}, and in float64 ${slope}`).toBeLessThan(
          tolerance * scale
        )
      expect(expected.every(Number.isFinite)).toBe(true)
    })
  )
})
