/** The usual world of a run: a device, and a folder that holds its checkpoints, its log and its figures. */
import { Layer } from "effect"
import type { Arguments } from "../Arguments/Arguments.ts"
import * as FileSystemStore from "../Checkpoint/FileSystemStore.ts"
import * as Devices from "../Layer/Device/Devices.ts"
import * as Figures from "../Layer/Logger/Figures.ts"
import * as Loggers from "../Layer/Logger/Loggers.ts"

/**
 * Provides a device (the best that works, unless another is named), checkpoints in `folder`, progress on the terminal,
 * the log in `folder/log.jsonl` and pictures in `folder/figures`.
 * `progress: false` writes plain lines in the place of bars; `tensorboard` is a folder for its event files.
 */
export const layer = (options: {
  readonly folder: string
  readonly device?: Devices.Name
  readonly progress?: boolean
  readonly tensorboard?: string
}) =>
  Layer.mergeAll(
    Devices.named(options.device ?? "auto"),
    FileSystemStore.layer({ directory: options.folder }),
    Loggers.all(
      options.progress === false ? Loggers.console : Loggers.progress(),
      Loggers.jsonl(`${options.folder}/log.jsonl`),
      Figures.layer(`${options.folder}/figures`),
      options.tensorboard === undefined ? Loggers.none : Loggers.tensorboard(options.tensorboard)
    )
  )

/** The world that arguments ask for: `output_dir`, `disable_tqdm`, `report_to`, `logging_dir`. */
export const fromArguments = (args: Arguments, options: { readonly device?: Devices.Name } = {}) =>
  layer({
    folder: args.outputDir,
    progress: args.disableTqdm !== true,
    ...options,
    ...(args.reportTo.includes("tensorboard") ? { tensorboard: args.loggingDir ?? `${args.outputDir}/runs` } : {})
  })
