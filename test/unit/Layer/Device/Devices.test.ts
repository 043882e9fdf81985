import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer } from "effect"
import { acquire } from "../../../../src/Layer/Device/Backend.ts"
import * as Cpu from "../../../../src/Layer/Device/Cpu.ts"
import { Device, DeviceUnavailable } from "../../../../src/Layer/Device/Device.ts"
import * as Devices from "../../../../src/Layer/Device/Devices.ts"
import * as Wasm from "../../../../src/Layer/Device/Wasm.ts"
import * as HostTensor from "../../../../src/Tensor/HostTensor.ts"
import { tf } from "../../../../src/Tensor/Tensor.ts"

const nameOn = <E>(layer: Layer.Layer<Device, E>) =>
  Device.use((device) => Effect.succeed(device.name)).pipe(Effect.provide(layer, { local: true }))

describe("devices in one process", () => {
  it.effect("can be used one after the other", () =>
    Effect.gen(function* () {
      for (const [layer, name] of [
        [Cpu.layer, "cpu"],
        [Wasm.layer, "wasm"],
        [Cpu.layer, "cpu"]
      ] as const) {
        expect(yield* nameOn(layer)).toBe(name)
        expect(tf.getBackend()).toBe(name)
      }
    })
  )
  it.effect("refuses a second device while the first is in use, and accepts it afterwards", () =>
    Effect.gen(function* () {
      const refused = yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Layer.build(Cpu.layer)
          // The same device again is no conflict, and its end does not free the first.
          yield* nameOn(Cpu.layer)
          return yield* Effect.flip(nameOn(Wasm.layer))
        })
      )
      expect(refused).toBeInstanceOf(DeviceUnavailable)
      expect(refused.message).toMatch(/Device wasm cannot be used: device cpu is in use/)
      expect(yield* nameOn(Wasm.layer)).toBe("wasm")
    })
  )
})

it.effect("reports why a device does not start, and lets the next one start", () =>
  Effect.gen(function* () {
    const next = yield* Effect.scoped(
      Effect.gen(function* () {
        const broken = acquire({ name: "quantum", load: () => Promise.reject(new Error("no such package")) })
        const failure = yield* Effect.flip(broken)
        expect(failure.message).toBe("Device quantum cannot be used: no such package")
        return yield* nameOn(Cpu.layer)
      })
    )
    expect(next).toBe("cpu")
  })
)

describe("auto", () => {
  it.effect("chooses wasm and reports it", () =>
    Effect.gen(function* () {
      expect(yield* nameOn(Devices.auto)).toBe("wasm")
      const report = yield* Devices.report
      expect(report).toEqual({ chosen: "wasm", attempts: [{ device: "wasm" }] })
      expect(Devices.describe(report)).toBe("device wasm: the first choice")
    })
  )
  it.effect("chooses the next device and reports why the first cannot be used", () =>
    Effect.gen(function* () {
      const report = yield* Effect.scoped(Effect.andThen(Layer.build(Cpu.layer), Devices.report))
      expect(report.chosen).toBe("cpu")
      expect(Devices.describe(report)).toMatch(/^device cpu: wasm cannot be used \(device cpu is in use/)
    })
  )
})

describe("webgpu", () => {
  it.effect("reports which packages to install, and is never chosen by auto", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.flip(nameOn(Devices.webgpu))
      expect(missing).toBeInstanceOf(DeviceUnavailable)
      expect(missing.message).toBe(
        "Device webgpu cannot be used: its packages are not installed. Run: npm install webgpu @tensorflow/tfjs-backend-webgpu"
      )
      expect(yield* Devices.onRequest).toEqual([{ device: "webgpu", reason: missing.reason }])
      expect((yield* Devices.report).attempts).toEqual([{ device: "wasm" }])
    })
  )
  it.effect("reads the same values asynchronously", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const device = yield* acquire({ name: "cpu", reads: "later", load: () => import("@tensorflow/tfjs-backend-cpu") })
        const tensors = { x: HostTensor.fromArray([1, 2]), mask: HostTensor.fromArray([1, 0], "bool") }
        const put = yield* device.put(tensors)
        expect(yield* device.read(put)).toEqual(tensors)
        yield* device.dispose(put)
        expect((yield* Effect.flip(device.read(put))).message).toBe(
          "read failed on device cpu: Tensor x is not valid: it was disposed."
        )
      })
    )
  )
})

describe("wasm", () => {
  it.effect("fails with a typed error when the heap is full, and stays usable", () =>
    Effect.gen(function* () {
      const device = yield* Device
      const before = yield* device.memory
      for (const [elements, size] of [
        [1_073_740_000, 4096],
        [1_100_000_000, 4197]
      ] as const) {
        const full = yield* Effect.flip(device.run("step 3", () => tf.fill([elements], 1)))
        expect(full.message).toContain(`step 3 failed on device wasm: the wasm heap is full: ${size} MiB`)
        expect(full.outOfMemory).toBe(true)
      }
      expect(yield* device.memory).toEqual(before)
      const { x } = yield* device.run("after", () => ({ x: tf.add(tf.ones([3]), 1) }))
      expect([...x.dataSync()]).toEqual([2, 2, 2])
      x.dispose()
    }).pipe(Effect.provide(Wasm.layer, { local: true }))
  )
  it.effect("has every kernel of cpu except those on complex numbers, strings and canvases", () =>
    Effect.gen(function* () {
      const wasm = yield* Device.use((device) => Effect.succeed(device.kernels)).pipe(Effect.provide(Wasm.layer, { local: true }))
      const cpu = yield* Device.use((device) => Effect.succeed(device.kernels)).pipe(Effect.provide(Cpu.layer, { local: true }))
      expect([...cpu].filter((kernel) => !wasm.has(kernel)).sort()).toEqual([
        "Complex",
        "ComplexAbs",
        "Draw",
        "FFT",
        "IFFT",
        "Imag",
        "Real",
        "StaticRegexReplace"
      ])
    })
  )
})

describe("layerConfig", () => {
  const chosen = (environment: Readonly<Record<string, string>>) =>
    nameOn(Layer.provide(Devices.layerConfig(), ConfigProvider.layer(ConfigProvider.fromUnknown(environment))))
  it.effect("provides the device of REGIMEN_DEVICE, and auto without it", () =>
    Effect.gen(function* () {
      expect(yield* chosen({ REGIMEN_DEVICE: "cpu" })).toBe("cpu")
      expect(yield* chosen({})).toBe("wasm")
    })
  )
  it.effect("fails with a ConfigError that lists the names for an unknown device", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(chosen({ REGIMEN_DEVICE: "cuda" }))
      expect(failure).toBeInstanceOf(Config.ConfigError)
      expect(failure.message).toContain('"auto" | "wasm" | "cpu" | "webgpu"')
      expect(failure.message).toContain("REGIMEN_DEVICE")
    })
  )
  it.effect("takes another configuration", () =>
    Effect.gen(function* () {
      expect(yield* nameOn(Devices.layerConfig(Config.succeed("cpu")))).toBe("cpu")
    })
  )
})

it("prints nothing when a device starts", () => {
  const file = (name: string) =>
    JSON.stringify(fileURLToPath(new URL(`../../../../src/Layer/Device/${name}.ts`, import.meta.url)))
  const program = `
    import { Effect } from "effect"
    import * as D from ${file("Device")}
    import * as Cpu from ${file("Cpu")}
    import * as Wasm from ${file("Wasm")}
    import { tf } from ${JSON.stringify(fileURLToPath(new URL("../../../../src/Tensor/Tensor.ts", import.meta.url)))}
    const program = D.Device.use((device) => device.run("x", () => tf.add(1, 2)))
    for (const layer of [Cpu.layer, Wasm.layer]) await Effect.runPromise(Effect.provide(program, layer, { local: true }))
  `
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--input-type=module-typescript", "--disable-warning=ExperimentalWarning", "-e", program],
    { encoding: "utf8" }
  )
  expect({ stdout, stderr, status }).toEqual({ stdout: "", stderr: "", status: 0 })
})
