/** Optimizers against PyTorch's, step by step. The data have fixed gradients: step t uses gradients[t]. */
import "@tensorflow/tfjs-backend-cpu"
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Clip from "../../src/Optimizer/Clip.ts"
import * as Optimizers from "../../src/Optimizer/Optimizers.ts"
import { chain, type Transformation } from "../../src/Optimizer/Transformation.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import { type Tensors, tf } from "../../src/Tensor/Tensor.ts"
import * as Tree from "../../src/Tensor/Tree.ts"

type Values = Readonly<Record<string, HostTensor.Nested>>
interface Config {
  readonly name: string
  readonly kwargs: {
    readonly lr?: number
    readonly betas?: readonly [number, number]
    readonly eps?: number
    readonly amsgrad?: boolean
    readonly momentum?: number
    readonly dampening?: number
    readonly nesterov?: boolean
    readonly lr_decay?: number
    readonly initial_accumulator_value?: number
    readonly alpha?: number
    readonly centered?: boolean
    readonly scale_parameter?: boolean
    readonly relative_step?: boolean
    readonly warmup_init?: boolean
    readonly beta1?: number
    readonly weight_decay?: number
  }
  readonly groups: ReadonlyArray<{ readonly params: ReadonlyArray<string>; readonly weight_decay?: number
    readonly rank?: number
    readonly update_proj_gap?: number
    readonly scale?: number
    readonly proj_type?: "std" | "reverse_std"
  }>
  readonly galore_projections?: ReadonlyArray<{ readonly step: number } & Values>

  readonly lr_per_step?: ReadonlyArray<number>
  readonly clip_max_norm?: number
  readonly grad_norm_before_clip?: ReadonlyArray<number>
  readonly params_after_step_f32: ReadonlyArray<Values>
  readonly final_state_f32: Readonly<Record<string, Readonly<Record<string, HostTensor.Nested>>>>
}
interface Golden {
  readonly init: Values
  readonly gradients: ReadonlyArray<Values>
  readonly configs: ReadonlyArray<Config>
  readonly clip_grad_norm: ReadonlyArray<{
    readonly step_gradient: number
    readonly max_norm: number
    readonly norm: number
    readonly clipped: Values
  }>
}

const golden = JSON.parse(readFileSync(new URL("./optimizers.json", import.meta.url), "utf8")) as Golden
const tolerance = 2e-6
const toleranceOf = (name: string) => (/adafactor|galore/.test(name) ? 1e-5 : tolerance)

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

const toDevice = (values: Values, paths: ReadonlyArray<string> = ["W", "bias", "LayerNorm"]): Tensors =>
  HostTensor.toDevice(Tree.map(Tree.pick(values, paths), (value) => HostTensor.fromArray(value)))
const expectClose = (found: Tensors, expected: Values, within: number) => {
  for (const path of Object.keys(found)) {
    const wanted = HostTensor.fromArray(expected[path]!)
    expect(found[path]!.shape, path).toEqual(wanted.shape)
    const numbers = found[path]!.dataSync()
    wanted.data.forEach((value, i) => void expect(Math.abs(numbers[i]! - value), `${path}[${i}]`).toBeLessThanOrEqual(within))
  }
}

const optimizerOf = ({ name, kwargs, groups, clip_max_norm }: Config): Transformation => {
  const decayed = groups.find(({ weight_decay = 0 }) => weight_decay !== 0)
  const decay = { weightDecay: decayed?.weight_decay ?? 0, decays: (path: string) => decayed?.params.includes(path) ?? false }
  const [beta1, beta2] = kwargs.betas ?? []
  const betas = { ...(beta1 === undefined ? {} : { beta1 }), ...(beta2 === undefined ? {} : { beta2 }) }
  const epsilon = kwargs.eps === undefined ? {} : { epsilon: kwargs.eps }
  const adam = { ...betas, ...epsilon, ...decay, amsgrad: kwargs.amsgrad ?? false }
  const { momentum = 0, dampening = 0, nesterov = false, alpha = 0.99, centered = false } = kwargs
  const makers: Readonly<Record<string, () => Transformation>> = {
    adamw: () => Optimizers.adamw(adam),
    adam: () => Optimizers.adam(adam),
    sgd: () => Optimizers.sgd({ momentum, dampening, nesterov, ...decay }),
    adagrad: () =>
      Optimizers.adagrad({
        initial: kwargs.initial_accumulator_value ?? 0,
        learningRateDecay: kwargs.lr_decay ?? 0,
        ...epsilon,
        ...decay
      }),
    rmsprop: () => Optimizers.rmsprop({ alpha, centered, momentum, ...epsilon, ...decay }),
    lion: () => Optimizers.lion({ ...betas, ...decay }),
    galore: () => {
      const { params, rank = 0, update_proj_gap = 0, scale = 0, proj_type = "std" } = groups.find((group) => group.rank !== undefined)!
      const low = { rank, updateProjGap: update_proj_gap, scale, projType: proj_type, where: (path: string) => params.includes(path) }
      return name.includes("adafactor")
        ? Optimizers.galoreAdafactor(low)
        : Optimizers.galoreAdamw({ ...betas, ...epsilon, ...low, weightDecay: kwargs.weight_decay ?? 0, decays: () => true })
    },
    adafactor: () =>
      Optimizers.adafactor({
        scaleParameter: kwargs.scale_parameter ?? true,
        relativeStep: kwargs.relative_step ?? true,
        warmupInit: kwargs.warmup_init ?? false,
        beta1: kwargs.beta1 ?? 0,
        ...decay
      })
  }
  const optimizer = makers[name.split("_")[0]!]!()
  return clip_max_norm === undefined ? optimizer : chain(Clip.byGlobalNorm(clip_max_norm), optimizer)
}

/** Where the signs of the recorded projections are LAPACK's, they replace for ours. */
const projectionsAt = ({ name, galore_projections }: Config, step: number) => {
  if (galore_projections === undefined || name.endsWith("canonical_sign")) return { scalars: {}, slots: {} }
  const found = galore_projections.find((projection) => projection.step === step)
  return {
    scalars: { "galore.refresh": 0 },
    slots: found === undefined ? {} : Tree.prefix(toDevice(found, ["W", "Wt"]), "galore.projection")
  }
}

const run = (config: Config, optimizer: Transformation, check: (step: number, parameters: Tensors) => void): Tensors => {
  const paths = config.groups.flatMap(({ params }) => params)
  let parameters = toDevice(golden.init, paths)
  let slots = tf.tidy(() => optimizer.init(parameters))
  for (const [step, values] of golden.gradients.entries()) {
    const learningRate = config.lr_per_step?.[step] ?? config.kwargs.lr ?? Number.NaN
    const next = tf.tidy(() => {
      const recorded = projectionsAt(config, step)
      const scalars = Tree.map({ ...optimizer.scalars({ step, learningRate }), ...recorded.scalars }, (value) => tf.scalar(value))
      const input = { gradients: toDevice(values, paths), parameters, slots: { ...slots, ...recorded.slots }, scalars }
      const output = optimizer.update(input)
      return { parameters: Tree.zip(parameters, output.updates, (p, update) => tf.add(p, update)), slots: output.slots }
    })
    tf.dispose([parameters, slots])
    parameters = next.parameters
    slots = next.slots
    check(step, parameters)
  }
  tf.dispose(parameters)
  return slots
}

/** The reference counts steps in its state, and keeps a root mean square that it never reads. */
const expectState = (slots: Tensors, { name, final_state_f32 }: Config) => {
  for (const [path, state] of Object.entries(final_state_f32)) {
    for (const [slot, value] of Object.entries(state)) {
      if (slot === "step" || slot === "RMS") continue
      const found = Object.keys(slots).filter((slotPath) => slotPath.endsWith(`.${slot}.${path}`))
      expect(found, `${name}: ${slot} of ${path}`).toHaveLength(1)
      expectClose({ [path]: slots[found[0]!]! }, { [path]: value }, 1e-5)
    }
  }
}

describe("optimizers.json", () => {
  const { configs } = golden

  it("has every configuration", () => void expect(configs).toHaveLength(35))

  it.each(configs)("$name: 20 steps and the final slots", (config) => {
    const slots = run(config, optimizerOf(config), (step, parameters) =>
      expectClose(parameters, config.params_after_step_f32[step]!, toleranceOf(config.name))
    )
    expectState(slots, config)
    const { step: _, ...projections } = config.galore_projections?.at(-1) ?? {}
    expectClose(Tree.under(slots, "galore.projection"), projections, 1e-5)
    tf.dispose(slots)
  })

  it.each(configs.filter((config) => config.grad_norm_before_clip !== undefined))("$name: the norm before clipping", (config) => {
    for (const [step, expected] of config.grad_norm_before_clip!.entries()) {
      const norm = tf.tidy(() => Clip.globalNorm(toDevice(golden.gradients[step]!)).dataSync()[0]!)
      expect(Math.abs(norm - expected)).toBeLessThanOrEqual(2e-6 * Math.max(1, expected))
    }
  })

  it.each(golden.clip_grad_norm)("clip_grad_norm to $max_norm of gradient $step_gradient", ({ step_gradient, max_norm, norm, clipped }) => {
    tf.tidy(() => {
      const gradients = toDevice(golden.gradients[step_gradient]!)
      expect(Math.abs(Clip.globalNorm(gradients).dataSync()[0]! - norm)).toBeLessThanOrEqual(tolerance)
      const input = { gradients, slots: {}, parameters: {}, scalars: {} }
      expectClose(Clip.byGlobalNorm(max_norm).update(input).updates, clipped, tolerance)
    })
  })
})
