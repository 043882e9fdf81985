/** The default Layers of a run: a device, and a folder for its checkpoints, its log and its figures. */
import { Effect, Layer, Result } from "effect"
import { type Arguments, ContradictoryArguments } from "../Arguments/Arguments.ts"
import * as FileSystemStore from "../Checkpoint/FileSystemStore.ts"
import * as Devices from "../Layer/Device/Devices.ts"
import * as FigureFiles from "../Layer/Logger/FigureFiles.ts"
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
      FigureFiles.layer(`${options.folder}/figures`),
      options.tensorboard === undefined ? Loggers.none : Loggers.tensorboard(options.tensorboard)
    )
  )

/** Devices that are no processor. */
const graphics: ReadonlyArray<Devices.Name> = ["webgpu"]

/** Checks a device against the arguments. **Errors**: fails with `ContradictoryArguments` where `use_cpu` asks for another one. */
export const check = (
  { useCpu }: Pick<Arguments, "useCpu">,
  device: Devices.Name
): Result.Result<void, ContradictoryArguments> =>
  useCpu && graphics.includes(device)
    ? Result.fail(
        new ContradictoryArguments({
          names: ["use_cpu", "device"],
          reason: `use_cpu asks for the processor, and the device ${device} is a graphics device: leave one of them out.`
        })
      )
    : Result.void

/**
 * Makes the Layers that arguments ask for: `output_dir`, `disable_tqdm`, `report_to`, `logging_dir`; `use_cpu` with a graphics device is refused.
 *
 * **Errors**: fails with `ContradictoryArguments` for `use_cpu` with a graphics device.
 */
export const fromArguments = (args: Arguments, { device = "auto" }: { readonly device?: Devices.Name } = {}) =>
  Layer.unwrap(
    Effect.map(Effect.fromResult(check(args, device)), () =>
      layer({
        folder: args.outputDir,
        progress: args.disableTqdm !== true,
        device,
        ...(args.reportTo.includes("tensorboard") ? { tensorboard: args.loggingDir ?? `${args.outputDir}/runs` } : {})
      })
    )
  )
