/** Deprecated arguments: what they come to, and what to say about them. */
import type { Arguments } from "./Fields.ts"

interface Row {
  readonly when: (args: Arguments) => boolean
  readonly means?: (args: Arguments) => Partial<Arguments>
  /** Absent where the page warns of nothing. */
  readonly warning?: string
}

const called = (old: string, now: string) => `${old} is deprecated: it is called ${now} now.`

const including = <A>(list: ReadonlyArray<A>, item: A): ReadonlyArray<A> => (list.includes(item) ? list : [...list, item])

const rows: ReadonlyArray<Row> = [
  {
    when: (args) => args.noCuda,
    means: () => ({ useCpu: true }),
    warning: called("no_cuda", "use_cpu")
  },
  {
    when: (args) => args.useMpsDevice,
    warning: "use_mps_device is deprecated: a device is chosen by itself."
  },
  {
    when: (args) => args.adafactor,
    means: () => ({ optim: "adafactor" }),
    warning: called("adafactor", 'optim "adafactor"')
  },
  {
    when: (args) => args.includeInputsForMetrics,
    means: (args) => ({ includeForMetrics: including(args.includeForMetrics, "inputs") })
  },
  {
    when: (args) => args.tpuMetricsDebug,
    means: (args) => ({ debug: including(args.debug, "tpu_metrics_debug") }),
    warning: called("tpu_metrics_debug", 'debug "tpu_metrics_debug"')
  },
  {
    when: (args) => args.fp16Backend !== "auto",
    means: (args) => ({ halfPrecisionBackend: args.fp16Backend }),
    warning: called("fp16_backend", "half_precision_backend")
  },
  {
    when: (args) => args.torchdynamo !== null,
    means: (args) => ({ torchCompileBackend: args.torchdynamo }),
    warning: called("torchdynamo", "torch_compile_backend")
  },
  {
    when: (args) => args.torchCompileBackend !== null || args.torchCompileMode !== null || args.torchdynamo !== null,
    means: () => ({ torchCompile: true })
  },
  {
    when: (args) => args.fsdpMinNumParams > 0,
    means: (args) => ({ fsdpConfig: { ...args.fsdpConfig, min_num_params: args.fsdpMinNumParams } }),
    warning: called("fsdp_min_num_params", "fsdp_config.min_num_params")
  },
  {
    when: (args) => args.fsdpTransformerLayerClsToWrap !== null,
    means: (args) => ({
      fsdpConfig: { ...args.fsdpConfig, transformer_layer_cls_to_wrap: [args.fsdpTransformerLayerClsToWrap] }
    }),
    warning: called("fsdp_transformer_layer_cls_to_wrap", "fsdp_config.transformer_layer_cls_to_wrap")
  },
  {
    when: (args) => args.pushToHubToken !== null,
    means: (args) => ({ hubToken: args.pushToHubToken }),
    warning: called("push_to_hub_token", "hub_token")
  },
  {
    when: (args) => args.pushToHubModelId !== null,
    warning: called("push_to_hub_model_id", "hub_model_id")
  },
  {
    when: (args) => args.pushToHubOrganization !== null,
    warning: called("push_to_hub_organization", "a part of hub_model_id")
  },
  {
    when: (args) => args.pushToHubModelId !== null || args.pushToHubOrganization !== null,
    means: ({ outputDir, pushToHubModelId, pushToHubOrganization }) => {
      const name = pushToHubModelId ?? outputDir.replace(/[\\/]+$/, "").replace(/^.*[\\/]/, "")
      return { hubModelId: pushToHubOrganization === null ? name : `${pushToHubOrganization}/${name}` }
    }
  }
]

/** Puts what deprecated arguments mean in the place of what they are called now. **Law**: applying it again changes nothing. */
export const apply = <A extends Arguments>(args: A): A => {
  let applied = args
  for (const { means, when } of rows) if (means !== undefined && when(applied)) applied = { ...applied, ...means(applied) }
  return applied
}

/** Says which deprecated arguments are in use, and what they are called now. */
export const warnings = (args: Arguments): ReadonlyArray<string> =>
  rows.flatMap(({ warning, when }) => (warning !== undefined && when(args) ? [warning] : []))
