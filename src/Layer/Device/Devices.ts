/** The `Device` namespace of the package: the service, its errors, a layer for each device, and the choice of the best one. */
import { Config, Context, Effect, Layer, Option } from "effect"
import * as Cpu from "./Cpu.ts"
import { Device, DeviceUnavailable } from "./Device.ts"
import * as Wasm from "./Wasm.ts"
import * as WebGpu from "./WebGpu.ts"

export * from "./Device.ts"

/** Plain JavaScript: slow, the reference that the others are tested against. */
export const cpu = Cpu.layer
/** WebAssembly with SIMD, which needs no further install. */
export const wasm = Wasm.layer
/** A GPU, whose packages are installed separately. */
export const webgpu = WebGpu.layer
/** Provides the best device that works: wasm, or else cpu. **Errors**: `DeviceUnavailable` with every candidate's reason when none does. */
export const auto: Layer.Layer<Device, DeviceUnavailable> = Layer.effect(
  Device,
  Effect.suspend(() => choose(candidates)).pipe(
    Effect.flatMap(({ device, report }) =>
      Option.match(device, {
        onSome: (chosen) => Effect.logDebug(describe(report)).pipe(Effect.as(chosen)),
        onNone: () => Effect.fail(new DeviceUnavailable({ device: "auto", reason: describe(report) }))
      })
    )
  )
)

const layers = { auto, wasm, cpu, webgpu }

export type Name = keyof typeof layers
export const names = Object.keys(layers) as ReadonlyArray<Name>

/** Returns the layer of a device's name. */
export const named = (name: Name): Layer.Layer<Device, DeviceUnavailable> => layers[name]

/**
 * Provides the device that the configuration names. Default: the variable `REGIMEN_DEVICE` (`auto`, `wasm`, `cpu`, `webgpu`), or `auto` without it.
 *
 * **Errors**: `ConfigError` for another name, `DeviceUnavailable`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { ConfigProvider, Effect, Layer } from "effect"
 * import { Device } from "regimen"
 *
 * const environment = ConfigProvider.layer(ConfigProvider.fromUnknown({ REGIMEN_DEVICE: "cpu" }))
 * const name = Device.Device.use((device) => Effect.succeed(device.name))
 * assert.equal(await Effect.runPromise(Effect.provide(name, Layer.provide(Device.layerConfig(), environment))), "cpu")
 * ```
 */
export const layerConfig = (
  name: Config.Config<Name> = fromEnvironment
): Layer.Layer<Device, DeviceUnavailable | Config.ConfigError> => Layer.unwrap(Effect.map(name, named))

const fromEnvironment = Config.Literals(names, "REGIMEN_DEVICE").pipe(Config.withDefault("auto" as const))

/** The result of trying a device. */
export interface Attempt {
  readonly device: string
  /** Why it cannot be used; absent when it can. */
  readonly reason?: string
}

/** Which device `auto` chooses, and why. */
export interface Report {
  readonly chosen: string | undefined
  /** In the order of preference; candidates after the chosen one are not tried. */
  readonly attempts: ReadonlyArray<Attempt>
}

/** Tries the candidates as `auto` does, and releases the device. */
export const report: Effect.Effect<Report> = Effect.suspend(() => choose(candidates)).pipe(
  Effect.map((choice) => choice.report),
  Effect.scoped
)

/** Tries the devices that `auto` never chooses, and releases each. */
export const onRequest: Effect.Effect<ReadonlyArray<Attempt>> = Effect.suspend(() =>
  Effect.forEach(optional, ({ name, layer }) =>
    Effect.scoped(Layer.build(layer)).pipe(
      Effect.match({
        onSuccess: (): Attempt => ({ device: name }),
        onFailure: ({ reason }): Attempt => ({ device: name, reason })
      })
    )
  )
)

/** Describes in one line which device was chosen and why. */
export const describe = ({ chosen, attempts }: Report): string => {
  const failed = attempts.flatMap(({ device, reason }) => (reason === undefined ? [] : [`${device} cannot be used (${reason})`]))
  const verdict = chosen === undefined ? "no device works" : `device ${chosen}`
  return [verdict, ...(failed.length === 0 ? ["the first choice"] : failed)].join(": ")
}

interface Candidate {
  readonly name: string
  readonly layer: Layer.Layer<Device, DeviceUnavailable>
}

/** Best first. */
const candidates: ReadonlyArray<Candidate> = [
  { name: "wasm", layer: wasm },
  { name: "cpu", layer: cpu }
]

/** Never chosen by `auto`. */
const optional: ReadonlyArray<Candidate> = [{ name: "webgpu", layer: webgpu }]

const choose = Effect.fnUntraced(function* (rest: ReadonlyArray<Candidate>) {
  const attempts: Array<Attempt> = []
  for (const candidate of rest) {
    const result = yield* Effect.result(Layer.build(candidate.layer))
    if (result._tag === "Success") {
      attempts.push({ device: candidate.name })
      const device = Context.get(result.success, Device)
      return { device: Option.some(device), report: { chosen: candidate.name, attempts } as Report }
    }
    attempts.push({ device: candidate.name, reason: result.failure.reason })
  }
  return { device: Option.none<Device["Service"]>(), report: { chosen: undefined, attempts } as Report }
})
