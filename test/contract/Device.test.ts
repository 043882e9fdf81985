import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import * as Wasm from "../../src/Layer/Device/Wasm.ts"
import { suite } from "./Device.ts"

suite("cpu", Cpu.layer)
suite("wasm", Wasm.layer)
