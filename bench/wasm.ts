/**
 * Compares sets of kernels on training steps: each set takes its turn in one process, so that noise affects all alike.
 *
 *     node bench/wasm.ts [bert|gpt2|cnn|mlp] [rounds]     ms a step with each set, and the gain against the stock kernels
 *     node bench/wasm.ts profile [bert|...] [rounds]      the time of each kernel without those that it calls, least of the rounds
 *     node bench/wasm.ts products                         GFLOP/s by shape, ours and XNNPACK's
 *
 * **Unit**: ms of wall time: minimum, and quartiles.
 */
import { Effect } from "effect"
import { Device } from "../src/Layer/Device/Device.ts"
import * as Wasm from "../src/Layer/Device/Wasm.ts"
import { tf } from "../src/Tensor/Tensor.ts"
import { families } from "../src/WasmKernels/Install.ts"
import { withoutOurs } from "../src/WasmKernels/Kernel.ts"
import { type Name, names, stepper } from "./wasm-steps.ts"

type Registry = ReadonlyArray<tf.KernelConfig>

const registry = (): Registry => [...tf.getKernelsForBackend("wasm")]

/** Makes exactly these kernels the registered ones. */
const use = (kernels: Registry): void => {
  for (const { kernelName } of registry()) tf.unregisterKernel(kernelName, "wasm")
  for (const kernel of kernels) tf.registerKernel(kernel)
}

/** The registry with only some families of src/WasmKernels. */
const sets = (ours: Registry, stock: Registry): ReadonlyArray<readonly [name: string, Registry]> => {
  const has = (kernels: Registry) => new Map(kernels.map((kernel) => [kernel.kernelName, kernel]))
  const [all, before] = [has(ours), has(stock)]
  const only = (...names: ReadonlyArray<string>) =>
    [...new Map([...before, ...names.map((name) => [name, all.get(name)!] as const)]).values()] as Registry
  const products = ["BatchMatMul"]
  const layout = ["Sum", "Mean", "Identity", "GatherV2", "UnsortedSegmentSum", "Transpose", "Exp", "Erf", "Tanh"]
  return [
    ["stock", stock],
    ["products", only(...products)],
    ["+ dropout mask", only(...products, "DropoutMask")],
    ["+ sums, layout, functions", only(...products, "DropoutMask", ...layout)],
    ["all", ours]
  ]
}

const [, , first = "bert", second, third] = process.argv

const main = Effect.gen(function* () {
  const device = yield* Device
  console.log(`device ${device.name} (${device.variant}), families ${Object.keys(families).join(", ")}`)
  const ours = registry()
  const stock = withoutOurs()
  if (first === "products") return products(ours, stock)
  const isProfile = first === "profile"
  const name = (isProfile ? (second ?? "bert") : first) as Name
  if (!names.includes(name)) throw new Error(`There is no step "${name}". Known are ${names.join(", ")}.`)
  const rounds = Number((isProfile ? third : second) ?? 5)
  const step = yield* stepper(name)
  if (isProfile) return profile(step, ours, rounds)
  const competitors = sets(ours, stock).map(([name, kernels]) => ({ name, kernels, times: [] as Array<number> }))
  for (let round = 0; round < rounds; round++)
    for (const { kernels, times } of competitors) {
      use(kernels)
      times.push(step())
    }
  const base = Math.min(...competitors[0]!.times)
  for (const { name: set, times } of competitors) {
    const sorted = times.sort((a, b) => a - b)
    const quartile = (q: number) => sorted[Math.floor(q * (sorted.length - 1))]!.toFixed(2)
    console.log(
      `${name} ${set.padEnd(26)} ${quartile(0).padStart(8)} (${quartile(0.25)}, ${quartile(0.5)}, ${quartile(0.75)})  x ${(base / sorted[0]!).toFixed(2)}`
    )
  }
})

function profile(step: () => number, kernels: Registry, rounds: number): void {
  let inner = 0
  let times = new Map<string, { ms: number; calls: number }>()
  use(
    kernels.map((kernel) => ({
      ...kernel,
      kernelFunc: (call) => {
        const outer = inner
        inner = 0
        const start = performance.now()
        try {
          return kernel.kernelFunc(call)
        } finally {
          const ms = performance.now() - start
          const entry = times.get(kernel.kernelName) ?? { ms: 0, calls: 0 }
          times.set(kernel.kernelName, { ms: entry.ms + ms - inner, calls: entry.calls + 1 })
          inner = outer + ms
        }
      }
    }))
  )
  const least = new Map<string, { ms: number; calls: number }>()
  let total = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    times = new Map()
    total = Math.min(total, step())
    for (const [name, entry] of times) if (entry.ms < (least.get(name)?.ms ?? Number.POSITIVE_INFINITY)) least.set(name, entry)
  }
  use(kernels)
  const rows = [...least].sort(([, a], [, b]) => b.ms - a.ms)
  for (const [name, { ms, calls }] of rows.slice(0, 25))
    console.log(`${ms.toFixed(2).padStart(9)} ${String(calls).padStart(5)} x ${name}`)
  const sum = rows.reduce((sum, [, { ms }]) => sum + ms, 0)
  console.log(`${total.toFixed(1)} ms a step, of which ${sum.toFixed(1)} in kernels`)
}

function products(ours: Registry, stock: Registry): void {
  const shapes = [
    ["nn", 2048, 256, 256, 1],
    ["nt", 2048, 1024, 256, 1],
    ["nn", 2048, 256, 1024, 1],
    ["tn", 256, 1024, 2048, 1],
    ["nt", 128, 128, 64, 64],
    ["nn", 128, 64, 128, 64],
    ["tn", 128, 64, 128, 64],
    ["nt", 1024, 8192, 256, 1],
    ["nn", 131, 77, 67, 1],
    ["nn", 32, 128, 64, 1],
    ["nt", 1, 1024, 256, 1]
  ] as const
  for (const [form, m, n, k, batch] of shapes) {
    const [ta, tb] = [form[0] === "t", form[1] === "t"]
    const a = tf.randomNormal(ta ? [batch, k, m] : [batch, m, k])
    const b = tf.randomNormal(tb ? [batch, n, k] : [batch, k, n])
    const flop = 2 * m * n * k * batch
    const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let round = 0; round < 12; round++)
      for (const [i, kernels] of [ours, stock].entries()) {
        use(kernels)
        const calls = Math.max(1, Math.round(1e8 / flop))
        const start = performance.now()
        for (let call = 0; call < calls; call++) tf.matMul(a, b, ta, tb).dispose()
        best[i] = Math.min(best[i]!, (performance.now() - start) / calls)
      }
    tf.dispose([a, b])
    const [own, xnnpack] = best.map((ms) => (flop / ms / 1e6).toFixed(1)) as [string, string]
    console.log(
      `${form} ${batch} x ${m} x ${n} x ${k}`.padEnd(28),
      `ours ${own.padStart(6)}   XNNPACK ${xnnpack.padStart(6)} GFLOP/s`
    )
  }
  use(ours)
}

await Effect.runPromise(Effect.scoped(main).pipe(Effect.provide(Wasm.layer)))
