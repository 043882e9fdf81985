/** The device `cpu`: plain JavaScript, slow, the reference that other devices are tested against. */
import { Layer } from "effect"
import { install } from "../../TensorFlowFixes/cpu/Install.ts"
import { acquire } from "./Backend.ts"
import { Device } from "./Device.ts"

/** Provides the device `cpu`. **Errors**: `DeviceUnavailable`. */
export const layer = Layer.effect(
  Device,
  acquire({
    name: "cpu",
    load: () => import("@tensorflow/tfjs-backend-cpu"),
    prepare: async () => {
      install()
      return undefined
    }
  })
)
