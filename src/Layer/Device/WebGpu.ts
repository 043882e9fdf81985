/**
 * A GPU through WebGPU: an opt-in, never chosen by `auto`, for what it finds may be a slow emulation in software. Its two packages are large (130 MB), so
 * they are no dependencies: whoever wants the device installs them.
 */
import { Layer } from "effect"
import { acquire } from "./Backend.ts"
import { Device } from "./Device.ts"

/** Provides the device `webgpu`. **Errors**: `DeviceUnavailable`, which says what to install, or that no GPU answers. */
export const layer = Layer.effect(Device, acquire({ name: "webgpu", reads: "later", load: async () => start(await packages()) }))

const names = ["webgpu", "@tensorflow/tfjs-backend-webgpu"] as const

interface Dawn {
  readonly create: (flags: ReadonlyArray<string>) => { readonly requestAdapter: () => Promise<unknown> }
  readonly globals: object
}

/** The names are not literals, so that nothing but this needs the packages. */
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
      "no GPU answers. Install its driver (Vulkan on Linux, Metal on macOS, Direct3D 12 on Windows), or use another device"
    )
  Object.assign(globalThis, dawn.globals)
  Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true })
  await backend()
}
