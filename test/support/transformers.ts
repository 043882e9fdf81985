/** Configs of transformers small enough to run thousands of times, one for each architecture and for what makes its family vary. */
import { Result } from "effect"
import * as Transformers from "../../src/Model/Transformers.ts"

const bert = {
  vocab_size: 19,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 16,
  initializer_range: 0.5
}
const electra = { ...bert, embedding_size: 6, num_labels: 3 }
const distilbert = {
  vocab_size: 19,
  dim: 8,
  n_layers: 2,
  n_heads: 2,
  hidden_dim: 12,
  max_position_embeddings: 16,
  initializer_range: 0.5
}
const gpt2 = { vocab_size: 19, n_embd: 8, n_layer: 2, n_head: 2, n_positions: 16, initializer_range: 0.5 }
const llama = {
  vocab_size: 19,
  hidden_size: 16,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 16,
  initializer_range: 0.5
}
const t5 = { vocab_size: 19, d_model: 8, d_kv: 4, d_ff: 12, num_layers: 2, num_heads: 2, relative_attention_num_buckets: 8 }

/** By name: the architecture, and the config. */
const configs: Readonly<Record<string, readonly [architecture: string, config: Transformers.Config]>> = {
  ...Object.fromEntries(
    ["SequenceClassification", "TokenClassification", "QuestionAnswering", "MaskedLM"].flatMap((task) => [
      [`bert ${task}`, [`BertFor${task}`, { ...bert, num_labels: 3 }]],
      [`roberta ${task}`, [`RobertaFor${task}`, { ...bert, num_labels: 3, type_vocab_size: 1 }]],
      [`electra ${task}`, [`ElectraFor${task}`, electra]],
      [`distilbert ${task}`, [`DistilBertFor${task}`, { ...distilbert, num_labels: 3 }]]
    ])
  ),
  gpt2: ["GPT2LMHeadModel", gpt2],
  "gpt2 untied": ["GPT2LMHeadModel", { ...gpt2, tie_word_embeddings: false, scale_attn_by_inverse_layer_idx: true }],
  llama: ["LlamaForCausalLM", llama],
  "llama with biases, tied": ["LlamaForCausalLM", { ...llama, attention_bias: true, mlp_bias: true, tie_word_embeddings: true }],
  "llama linear": ["LlamaForCausalLM", { ...llama, rope_scaling: { type: "linear", factor: 2 } }],
  "llama 3": [
    "LlamaForCausalLM",
    {
      ...llama,
      head_dim: 8,
      rope_scaling: {
        rope_type: "llama3",
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 8
      }
    }
  ],
  "llama yarn": ["LlamaForCausalLM", { ...llama, rope_scaling: { rope_type: "yarn", factor: 4 } }],
  mistral: ["MistralForCausalLM", { ...llama, sliding_window: 3 }],
  qwen2: ["Qwen2ForCausalLM", { ...llama, use_sliding_window: true, sliding_window: 3, max_window_layers: 1 }],
  t5: ["T5ForConditionalGeneration", t5],
  "t5 gated, untied": ["T5ForConditionalGeneration", { ...t5, feed_forward_proj: "gated-gelu", tie_word_embeddings: false }]
}

/** The rates of dropout of all families. */
export const dropouts = (rate: number): Transformers.Config => ({
  hidden_dropout_prob: rate,
  attention_probs_dropout_prob: rate,
  dropout: rate,
  attention_dropout: rate,
  seq_classif_dropout: rate,
  qa_dropout: rate,
  embd_pdrop: rate,
  attn_pdrop: rate,
  resid_pdrop: rate,
  dropout_rate: rate
})

export const names = Object.keys(configs)

/** Without dropout, unless it is given. */
export const make = (name: string, more: Transformers.Config = {}): Transformers.Transformer => {
  const [architecture, config] = configs[name]!
  return Result.getOrThrow(Transformers.make({ ...dropouts(0), ...config, ...more }, architecture))
}
