/** Deprecated arguments: the arguments that replace them, and their warnings. */
import type { Arguments } from "./ArgumentsValues.ts"

interface DeprecatedArgument {
  readonly when: (args: Arguments) => boolean
  readonly replacement?: (args: Arguments) => Partial<Arguments>
  /** Absent if transformers does not warn. */
  readonly warning?: string
}

const renamed = (old: string, now: string) => `${old} is deprecated: it is called ${now} now.`

const including = <A>(list: ReadonlyArray<A>, item: A): ReadonlyArray<A> => (list.includes(item) ? list : [...list, item])

const deprecated: ReadonlyArray<DeprecatedArgument> = [
  {
    when: (args) => args.noCuda,
    replacement: () => ({ useCpu: true }),
    warning: renamed("no_cuda", "use_cpu")
  },
  {
    when: (args) => args.useMpsDevice,
    warning: "use_mps_device is deprecated: a device is chosen by itself."
  },
  {
    when: (args) => args.adafactor,
    replacement: () => ({ optim: "adafactor" }),
    warning: renamed("adafactor", 'optim "adafactor"')
  },
  {
    when: (args) => args.includeInputsForMetrics,
    replacement: (args) => ({ includeForMetrics: including(args.includeForMetrics, "inputs") })
  },
  {
    when: (args) => args.tpuMetricsDebug,
    replacement: (args) => ({ debug: including(args.debug, "tpu_metrics_debug") }),
    warning: renamed("tpu_metrics_debug", 'debug "tpu_metrics_debug"')
  },
  {
    when: (args) => args.fp16Backend !== "auto",
    replacement: (args) => ({ halfPrecisionBackend: args.fp16Backend }),
    warning: renamed("fp16_backend", "half_precision_backend")
  },
  {
    when: (args) => args.torchdynamo !== null,
    replacement: (args) => ({ torchCompileBackend: args.torchdynamo }),
    warning: renamed("torchdynamo", "torch_compile_backend")
  },
  {
    when: (args) => args.torchCompileBackend !== null || args.torchCompileMode !== null || args.torchdynamo !== null,
    replacement: () => ({ torchCompile: true })
  },
  {
    when: (args) => args.fsdpMinNumParams > 0,
    replacement: (args) => ({ fsdpConfig: { ...args.fsdpConfig, min_num_params: args.fsdpMinNumParams } }),
    warning: renamed("fsdp_min_num_params", "fsdp_config.min_num_params")
  },
  {
    when: (args) => args.fsdpTransformerLayerClsToWrap !== null,
    replacement: (args) => ({
      fsdpConfig: { ...args.fsdpConfig, transformer_layer_cls_to_wrap: [args.fsdpTransformerLayerClsToWrap] }
    }),
    warning: renamed("fsdp_transformer_layer_cls_to_wrap", "fsdp_config.transformer_layer_cls_to_wrap")
  },
  {
    when: (args) => args.pushToHubToken !== null,
    replacement: (args) => ({ hubToken: args.pushToHubToken }),
    warning: renamed("push_to_hub_token", "hub_token")
  },
  {
    when: (args) => args.pushToHubModelId !== null,
    warning: renamed("push_to_hub_model_id", "hub_model_id")
  },
  {
    when: (args) => args.pushToHubOrganization !== null,
    warning: renamed("push_to_hub_organization", "a part of hub_model_id")
  },
  {
    when: (args) => args.pushToHubModelId !== null || args.pushToHubOrganization !== null,
    replacement: ({ outputDir, pushToHubModelId, pushToHubOrganization }) => {
      const name = pushToHubModelId ?? outputDir.replace(/[\\/]+$/, "").replace(/^.*[\\/]/, "")
      return { hubModelId: pushToHubOrganization === null ? name : `${pushToHubOrganization}/${name}` }
    }
  }
]

/** Sets the arguments that replace deprecated ones. **Law**: applying it again changes nothing. */
export const apply = <A extends Arguments>(args: A): A => {
  let applied = args
  for (const { replacement, when } of deprecated)
    if (replacement !== undefined && when(applied)) applied = { ...applied, ...replacement(applied) }
  return applied
}

/** Lists a warning for each deprecated argument in use, with its replacement. */
export const warnings = (args: Arguments): ReadonlyArray<string> =>
  deprecated.flatMap(({ warning, when }) => (warning !== undefined && when(args) ? [warning] : []))
