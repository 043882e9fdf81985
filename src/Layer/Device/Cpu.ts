/** Plain JavaScript: slow and simple, the reference that other devices are tested against. */
import { Layer } from "effect"
import { acquire } from "./Backend.ts"
import * as Repairs from "./cpu/Repairs.ts"
import { Device } from "./Device.ts"

/** Provides the device `cpu`. **Errors**: `DeviceUnavailable`. */
export const layer = Layer.effect(
  Device,
  acquire({ name: "cpu", load: () => import("@tensorflow/tfjs-backend-cpu"), prepare: Repairs.install })
)
