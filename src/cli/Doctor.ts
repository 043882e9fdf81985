/** `regimen doctor`: what this machine can train on, and what to do where it can't. */
import { Effect } from "effect"
import packageJson from "../../package.json" with { type: "json" }
import { defined } from "../Defined.ts"
import * as Wrap from "../Format/Wrap.ts"
import * as Devices from "../Layer/Device/Devices.ts"

export interface Report {
  readonly regimen: string
  readonly node: string
  readonly platform: string
  readonly memory: { readonly total_bytes: number; readonly free_bytes: number }
  readonly device: string | null
  readonly devices: ReadonlyArray<{ readonly device: string; readonly works: boolean; readonly reason?: string }>
  readonly well: boolean
}

/** Looks at the machine and tries the devices. */
export const examine = Effect.gen(function* () {
  const os = yield* Effect.promise(() => import("node:os"))
  const { chosen, attempts } = yield* Devices.report
  const optional = yield* Devices.onRequest
  return {
    regimen: packageJson.version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}, ${os.availableParallelism()} cores`,
    memory: { total_bytes: os.totalmem(), free_bytes: os.freemem() },
    device: chosen ?? null,
    devices: [...attempts, ...optional].map(({ device, reason }) => ({
      device,
      works: reason === undefined,
      ...defined({ reason })
    })),
    well: chosen !== undefined
  } satisfies Report
})

/** Renders a report as text. **Unit**: `columns` of the terminal. */
export const render = (report: Report, columns: number): string =>
  [
    ["regimen", report.regimen],
    ["node", report.node],
    ["platform", report.platform],
    ["memory", `${gib(report.memory.free_bytes)} free of ${gib(report.memory.total_bytes)}`],
    ...report.devices.map(({ device, works, reason }) => [
      device,
      works ? (device === report.device ? "works (the choice of --device auto)" : "works") : `does not work: ${reason}`
    ]),
    ["verdict", report.well ? "ready to train" : "no device works: reinstall the @tensorflow/tfjs-backend-* packages"]
  ]
    .map(([name, value]) => Wrap.text(`${name!.padEnd(10)}${value}`, columns, { indent: " ".repeat(10) }))
    .join("\n")

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
