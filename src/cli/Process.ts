/** The process that the command runs in: signals interrupt it, and the exit code is what it left, or says that a command was interrupted that had nothing to save. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Exit } from "effect"
import * as ExitCode from "./ExitCode.ts"

/** Runs the command. */
export const run = <E>(command: Effect.Effect<void, E, NodeServices.NodeServices>): void =>
  NodeRuntime.runMain(Effect.provide(command, NodeServices.layer), {
    disableErrorReporting: true,
    teardown: (exit, onExit) =>
      onExit(Number(process.exitCode ?? (Exit.isSuccess(exit) ? ExitCode.done : ExitCode.interruptedUnsaved)))
  })
