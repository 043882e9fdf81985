/** The families and their heads, each with random small configs. Missing fields have the same defaults on both sides. */
import type { Transformers } from "../../src/transformers.ts"
import type { Draw } from "./Draw.ts"

/** What a batch has beside its tokens. */
export type Task = "sequence" | "token" | "answer" | "words" | "next" | "pairs"

export interface Family {
  readonly name: string
  readonly architecture: string
  readonly task: Task
  readonly config: (draw: Draw, task: Task) => Transformers.Config
}

const activations = [
  "gelu",
  "gelu_10",
  "gelu_fast",
  "gelu_new",
  "gelu_python",
  "gelu_pytorch_tanh",
  "gelu_python_tanh",
  "gelu_accurate",
  "laplace",
  "leaky_relu",
  "linear",
  "mish",
  "quick_gelu",
  "relu",
  "relu2",
  "relu6",
  "sigmoid",
  "silu",
  "swish",
  "tanh"
] as const

const problems = ["regression", "single_label_classification", "multi_label_classification"] as const

/** Classes, and what they are. A head for answers has no classes. */
const labels = (draw: Draw, task: Task): Transformers.Config => {
  if (task === "answer") return {}
  if (task === "token") return { num_labels: draw.whole("num_labels", 2, 4) }
  const problem = draw.pick("problem_type", [undefined, ...problems])
  const classes = draw.whole("num_labels", problem === "single_label_classification" ? 2 : 1, 4)
  return { num_labels: classes, ...(problem === undefined ? {} : { problem_type: problem }) }
}

const still = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 }

const bert = (draw: Draw, task: Task): Transformers.Config => {
  const heads = draw.whole("heads", 1, 4)
  return {
    ...still,
    vocab_size: draw.whole("vocab_size", 11, 60),
    hidden_size: heads * draw.pick("size", [4, 6, 8]),
    num_attention_heads: heads,
    num_hidden_layers: draw.whole("layers", 1, 3),
    intermediate_size: draw.whole("inner", 5, 40),
    max_position_embeddings: draw.whole("positions", 20, 40),
    pad_token_id: draw.whole("pad", 0, 3),
    ...draw.maybe("segments given", { type_vocab_size: draw.whole("segments", 1, 3) }),
    ...draw.maybe("activation given", { hidden_act: draw.pick("activation", activations) }),
    ...draw.maybe("epsilon given", { layer_norm_eps: draw.pick("epsilon", [1e-12, 1e-6, 1e-3]) }),
    ...draw.maybe("tie given", { tie_word_embeddings: draw.chance("tie") }),
    ...labels(draw, task)
  }
}

/** Without a projection where the embeddings are as wide as the layers. */
const electra = (draw: Draw, task: Task): Transformers.Config => {
  const own = bert(draw, task)
  return { ...own, ...draw.maybe("embedded given", { embedding_size: draw.pick("embedded", [3, 8, own.hidden_size]) }) }
}

const distilbert = (draw: Draw, task: Task): Transformers.Config => {
  const heads = draw.whole("heads", 1, 4)
  return {
    dropout: 0,
    attention_dropout: 0,
    qa_dropout: 0,
    seq_classif_dropout: 0,
    vocab_size: draw.whole("vocab_size", 11, 60),
    dim: heads * draw.pick("size", [4, 6, 8]),
    n_heads: heads,
    n_layers: draw.whole("layers", 1, 3),
    hidden_dim: draw.whole("inner", 5, 40),
    max_position_embeddings: draw.whole("positions", 20, 40),
    pad_token_id: draw.whole("pad", 0, 3),
    ...draw.maybe("activation given", { activation: draw.pick("activation", activations) }),
    ...draw.maybe("tie given", { tie_word_embeddings: draw.chance("tie") }),
    ...labels(draw, task)
  }
}

const gpt2 = (draw: Draw): Transformers.Config => {
  const heads = draw.whole("heads", 1, 4)
  return {
    embd_pdrop: 0,
    attn_pdrop: 0,
    resid_pdrop: 0,
    bos_token_id: 0,
    eos_token_id: 0,
    vocab_size: draw.whole("vocab_size", 11, 60),
    n_embd: heads * draw.pick("size", [4, 6, 8]),
    n_head: heads,
    n_layer: draw.whole("layers", 1, 3),
    n_positions: draw.whole("positions", 20, 40),
    ...draw.maybe("inner given", { n_inner: draw.pick("inner", [null, 7, 30]) }),
    ...draw.maybe("activation given", { activation_function: draw.pick("activation", activations) }),
    ...draw.maybe("epsilon given", { layer_norm_epsilon: draw.pick("epsilon", [1e-12, 1e-6, 1e-3]) }),
    ...draw.maybe("scale given", { scale_attn_weights: draw.chance("scale") }),
    ...draw.maybe("by layer given", { scale_attn_by_inverse_layer_idx: draw.chance("by layer") }),
    ...draw.maybe("upcast given", { reorder_and_upcast_attn: draw.chance("upcast") }),
    ...draw.maybe("tie given", { tie_word_embeddings: draw.chance("tie") })
  }
}

const t5 = (draw: Draw): Transformers.Config => {
  const feedForward = draw.pick("activation", ["relu", "gated-gelu", "gated-silu", "gelu", "gelu_new", "gated-relu", "silu"])
  return {
    dropout_rate: 0,
    vocab_size: draw.whole("vocab_size", 11, 60),
    d_model: draw.pick("width", [6, 12, 24]),
    d_kv: draw.whole("size", 2, 9),
    d_ff: draw.whole("inner", 5, 40),
    num_heads: draw.whole("heads", 1, 4),
    num_layers: draw.whole("layers", 1, 3),
    pad_token_id: draw.whole("pad", 0, 3),
    decoder_start_token_id: draw.whole("start", 0, 5),
    ...draw.maybe("decoder layers given", { num_decoder_layers: draw.whole("decoder layers", 1, 3) }),
    ...draw.maybe("buckets given", { relative_attention_num_buckets: draw.pick("buckets", [4, 8, 32]) }),
    ...draw.maybe("distance given", { relative_attention_max_distance: draw.pick("distance", [20, 128]) }),
    ...draw.maybe("activation given", { feed_forward_proj: feedForward }),
    ...draw.maybe("epsilon given", { layer_norm_epsilon: draw.pick("epsilon", [1e-12, 1e-6, 1e-3]) }),
    ...draw.maybe("tie given", { tie_word_embeddings: draw.chance("tie") })
  }
}

const llama = (draw: Draw): Transformers.Config => {
  const keyHeads = draw.whole("key heads", 1, 3)
  const heads = keyHeads * draw.whole("groups", 1, 3)
  const size = draw.pick("size", [4, 6, 8])
  return {
    vocab_size: draw.whole("vocab_size", 11, 60),
    hidden_size: heads * size,
    num_attention_heads: heads,
    num_key_value_heads: keyHeads,
    num_hidden_layers: draw.whole("layers", 1, 3),
    intermediate_size: draw.whole("inner", 5, 40),
    max_position_embeddings: draw.whole("positions", 8, 40),
    bos_token_id: 0,
    eos_token_id: 0,
    ...(draw.chance("size given", 0.3) ? { head_dim: draw.pick("other size", [4, 10]) } : {}),
    ...draw.maybe("pad given", { pad_token_id: draw.pick("pad", [null, 0, 3]) }),
    ...draw.maybe("activation given", { hidden_act: draw.pick("activation", activations) }),
    ...draw.maybe("epsilon given", { rms_norm_eps: draw.pick("epsilon", [1e-12, 1e-5, 1e-3]) }),
    ...draw.maybe("theta given", { rope_theta: draw.pick("theta", [100, 10000, 500000.5]) }),
    ...draw.maybe("tie given", { tie_word_embeddings: draw.chance("tie") }),
    ...draw.maybe("scaling given", { rope_scaling: scaling(draw) })
  }
}

const scaling = (draw: Draw) => {
  const factor = draw.pick("factor", [1.5, 2, 4])
  const original = draw.pick("original", [4, 16])
  switch (draw.pick("scaling", ["none", "default", "linear", "old linear", "dynamic", "llama3", "yarn"])) {
    case "none":
      return null
    case "default":
      return { rope_type: "default" }
    case "linear":
      return { rope_type: "linear", factor }
    case "old linear":
      return { type: "linear", factor }
    case "dynamic":
      return { rope_type: "dynamic", factor }
    case "llama3":
      return {
        rope_type: "llama3",
        factor,
        low_freq_factor: 1,
        high_freq_factor: draw.pick("high", [2, 4]),
        original_max_position_embeddings: original
      }
    case "yarn":
      return {
        rope_type: "yarn",
        factor,
        ...draw.maybe("original given", { original_max_position_embeddings: original }),
        ...draw.maybe("attention factor given", { attention_factor: draw.pick("attention factor", [null, 0.8]) }),
        ...draw.maybe("fast given", { beta_fast: draw.pick("fast", [null, 8]) }),
        ...draw.maybe("slow given", { beta_slow: draw.pick("slow", [null, 0.5]) }),
        ...draw.maybe("scales given", {
          mscale: draw.pick("mscale", [null, 0.7]),
          mscale_all_dim: draw.pick("all dim", [null, 1.2])
        }),
        ...draw.maybe("truncate given", { truncate: draw.chance("truncate") })
      }
  }
}

const llamaItself = (draw: Draw): Transformers.Config => ({
  ...llama(draw),
  ...draw.maybe("bias given", { attention_bias: draw.chance("bias") }),
  ...draw.maybe("inner bias given", { mlp_bias: draw.chance("inner bias") })
})

/** Where its config has no size of heads, Python's cannot scale its rotary embeddings. */
const mistral = (draw: Draw): Transformers.Config => ({
  head_dim: draw.pick("own size", [4, 8]),
  ...llama(draw),
  ...draw.maybe("window given", { sliding_window: draw.pick("window", [null, 2, 5]) })
})

const qwen2 = (draw: Draw): Transformers.Config => ({
  ...llama(draw),
  ...draw.maybe("slides given", { use_sliding_window: draw.chance("slides", 0.8) }),
  ...draw.maybe("window given", { sliding_window: draw.pick("window", [null, 2, 5]) }),
  ...draw.maybe("whole given", { max_window_layers: draw.whole("whole", 0, 3) })
})

const heads = [
  ["SequenceClassification", "sequence"],
  ["TokenClassification", "token"],
  ["QuestionAnswering", "answer"],
  ["MaskedLM", "words"]
] as const

const encoders = [
  ["Bert", bert],
  ["Roberta", bert],
  ["DistilBert", distilbert],
  ["Electra", electra]
] as const

const decoders: ReadonlyArray<readonly [architecture: string, task: Task, config: Family["config"]]> = [
  ["GPT2LMHeadModel", "next", gpt2],
  ["LlamaForCausalLM", "next", llamaItself],
  ["MistralForCausalLM", "next", mistral],
  ["Qwen2ForCausalLM", "next", qwen2],
  ["T5ForConditionalGeneration", "pairs", t5]
]

export const all: ReadonlyArray<Family> = [
  ...encoders.flatMap(([name, config]) =>
    heads.map(([head, task]): Family => ({ name: `${name}For${head}`, architecture: `${name}For${head}`, task, config }))
  ),
  ...decoders.map(([architecture, task, config]): Family => ({ name: architecture, architecture, task, config }))
]
