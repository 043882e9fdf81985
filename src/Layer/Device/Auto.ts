/** The best device that works here: each candidate is tried, best first, and what happened is kept for people to read. */
import { Context, Effect, Layer, Option } from "effect"
import * as Cpu from "./Cpu.ts"
import { Device, DeviceUnavailable } from "./Device.ts"
import * as Wasm from "./Wasm.ts"
import * as WebGpu from "./WebGpu.ts"

/** What became of a candidate. */
export interface Attempt {
  readonly device: string
  /** Why it cannot be used; absent when it can. */
  readonly reason?: string
}

/** Which device `Auto.layer` takes, and why. */
export interface Report {
  readonly chosen: string | undefined
  /** In the order of preference; candidates after the chosen one are not tried. */
  readonly attempts: ReadonlyArray<Attempt>
}

interface Candidate {
  readonly name: string
  readonly layer: Layer.Layer<Device, DeviceUnavailable>
}

/** Best first. */
const candidates: ReadonlyArray<Candidate> = [
  { name: "wasm", layer: Wasm.layer },
  { name: "cpu", layer: Cpu.layer }
]

/** Devices that are taken only when asked for. */
const optional: ReadonlyArray<Candidate> = [{ name: "webgpu", layer: WebGpu.layer }]

/** Provides the best device that works. **Errors**: `DeviceUnavailable` with every candidate's reason when none does. */
export const layer: Layer.Layer<Device, DeviceUnavailable> = Layer.effect(
  Device,
  Effect.suspend(() => choose(candidates)).pipe(
    Effect.flatMap(({ device, report }) =>
      Option.match(device, {
        onSome: (found) => Effect.logDebug(describe(report)).pipe(Effect.as(found)),
        onNone: () => Effect.fail(new DeviceUnavailable({ device: "auto", reason: describe(report) }))
      })
    )
  )
)

/** Tries the candidates as `layer` does, and gives the device back. */
export const report: Effect.Effect<Report> = Effect.suspend(() => choose(candidates)).pipe(
  Effect.map((choice) => choice.report),
  Effect.scoped
)

/** Tries the devices that are taken only when asked for, and gives each back. */
export const onRequest: Effect.Effect<ReadonlyArray<Attempt>> = Effect.forEach(optional, ({ name, layer }) =>
  Effect.scoped(Layer.build(layer)).pipe(
    Effect.match({
      onSuccess: (): Attempt => ({ device: name }),
      onFailure: ({ reason }): Attempt => ({ device: name, reason })
    })
  )
)

/** Says in one line which device was taken and why. */
export const describe = ({ chosen, attempts }: Report): string => {
  const failed = attempts.flatMap(({ device, reason }) => (reason === undefined ? [] : [`${device} cannot be used (${reason})`]))
  const verdict = chosen === undefined ? "no device works" : `device ${chosen}`
  return [verdict, ...(failed.length === 0 ? ["the first choice"] : failed)].join(": ")
}

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
