/**
 * The device `webgpu`: a GPU through WebGPU. `auto` never chooses it, as the adapter may be a slow software emulation. Its two packages are large (130 MB)
 * and not dependencies: install them to use the device.
 */
import { Layer } from "effect"
import { acquire } from "./Backend.ts"
import { Device } from "./Device.ts"

/** Provides the device `webgpu`. **Errors**: `DeviceUnavailable` when its packages are not installed, or no GPU is found. */
export const layer = Layer.effect(Device, acquire({ name: "webgpu", reads: "later", load: async () => start(await packages()) }))

const names = ["webgpu", "@tensorflow/tfjs-backend-webgpu"] as const

interface Dawn {
  readonly create: (flags: ReadonlyArray<string>) => { readonly requestAdapter: () => Promise<unknown> }
  readonly globals: object
}

/** The names are not literals, so that type checks and bundlers do not need the packages. */
const packages = async () => {
  const [dawn, backend] = names.map((name) => () => import(name) as Promise<unknown>) as [
    () => Promise<unknown>,
    () => Promise<unknown>
  ]
  try {
    return { dawn: (await dawn()) as Dawn, backend }
  } catch {
    throw new Error(`its packages are not installed. Run: npm install ${names.join(" ")}`)
  }
}

/** The backend looks for a browser's globals when it is loaded. */
const start = async ({ dawn, backend }: { readonly dawn: Dawn; readonly backend: () => Promise<unknown> }) => {
  const gpu = dawn.create([])
  if ((await gpu.requestAdapter()) == null)
    throw new Error(
      "no GPU was found. Install its driver (Vulkan on Linux, Metal on macOS, Direct3D 12 on Windows), or use another device"
    )
  Object.assign(globalThis, dawn.globals)
  Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true })
  await backend()
}
