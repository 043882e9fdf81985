/** Parses the options of GaLore from the arguments `optim_args` and `optim_target_modules`. */
import { Result } from "effect"
import type { Options } from "../Optimizer/GaLore.ts"
import { ContradictoryArguments } from "./Errors.ts"

export interface Input {
  readonly optim: string
  readonly optimArgs: string | null
  readonly optimTargetModules: ReadonlyArray<string> | null
}

/**
 * Parses options such as `"rank=64, update_proj_gap=100, scale=0.1, proj_type=reverse_std"`. A module is a target if its path contains one of
 * `optimTargetModules`, or matches it as a regular expression. The result is null if `optim` is not a GaLore optimizer.
 *
 * **Errors**: fails with `ContradictoryArguments` for an unknown option or an invalid value, and for missing or invalid target modules.
 *
 * **Source**: `Trainer.get_optimizer_cls_and_kwargs`, `check_target_module_exists`. The linear layers cannot be identified by paths alone, so "all-linear"
 * is rejected, and so are `optim_args` for optimizers that ignore them in transformers.
 */
export const fromInput = ({
  optim,
  optimArgs,
  optimTargetModules
}: Input): Result.Result<Options | null, ContradictoryArguments> => {
  const isGaLore = optim.startsWith("galore_")
  const settings: { -readonly [K in keyof Omit<Options, "where">]: Options[K] } = {}
  for (const setting of (optimArgs ?? "").split(",").map((text) => text.replaceAll(/\s/g, ""))) {
    if (setting === "") continue
    const [name = "", value = ""] = setting.split("=")
    if (!isGaLore) return refuse("optim_args", `optim "${optim}" takes no optim_args, and they have "${name}". Leave them out.`)
    const number = Number(value)
    if (name === "rank" && isCount(number)) settings.rank = number
    else if (name === "update_proj_gap" && isCount(number)) settings.updateProjGap = number
    else if (name === "scale" && value !== "" && Number.isFinite(number)) settings.scale = number
    else if (name === "proj_type" && (value === "std" || value === "reverse_std")) settings.projType = value
    else return refuse("optim_args", `optim_args has "${setting}"; of "${optim}" it takes ${expected}.`)
  }
  if (!isGaLore) return Result.succeed(null)
  return Result.map(targets(optimTargetModules ?? []), (where) => ({ ...settings, where }))
}

const expected = 'rank and update_proj_gap (whole numbers of at least 1), scale (a number) and proj_type ("std" or "reverse_std")'

const targets = (modules: ReadonlyArray<string>): Result.Result<(path: string) => boolean, ContradictoryArguments> => {
  if (modules.length === 0)
    return refuse("optim_target_modules", 'GaLore needs optim_target_modules, for example ["attention", "mlp"].')
  if (modules.some((text) => /^all[-_]linear$/.test(text)))
    return refuse("optim_target_modules", 'optim_target_modules cannot be "all-linear" here: name the modules.')
  return Result.map(
    Result.all(modules.map(expression)),
    (patterns) => (path) =>
      path.endsWith(weight) &&
      patterns.some(({ text, whole }) => {
        const module = path.slice(0, -weight.length)
        return module.includes(text) || whole.test(module)
      })
  )
}

const weight = ".weight"

const expression = (text: string) =>
  Result.try({
    try: () => ({ text, whole: new RegExp(`^(?:${text})$`) }),
    catch: () =>
      new ContradictoryArguments({
        names: ["optim_target_modules"],
        reason: `optim_target_modules has "${text}", which is not a regular expression.`
      })
  })

const isCount = (value: number) => Number.isInteger(value) && value >= 1

const refuse = (name: string, reason: string): Result.Result<never, ContradictoryArguments> =>
  Result.fail(new ContradictoryArguments({ names: ["optim", name], reason }))
