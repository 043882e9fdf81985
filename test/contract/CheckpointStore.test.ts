import * as MemoryStore from "../../src/Checkpoint/MemoryStore.ts"
import { suite } from "./CheckpointStore.ts"

suite("memory", MemoryStore.layer)
