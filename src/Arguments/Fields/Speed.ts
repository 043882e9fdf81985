/** Arguments of precision, compilation and memory: accepted, and rejected by `supported` until a device implements them. */
import { about, boolean, choice, jsonDictionary, lacking, optional, text } from "../Field.ts"
import { apex, compilation, liger, precision, recomputation } from "./Lacks.ts"

export const fields = {
  bf16: about("Compute in bfloat16", lacking(precision, boolean(false))),
  fp16: about("Compute in float16", lacking(precision, boolean(false))),
  bf16_full_eval: about("Evaluate in bfloat16", lacking(precision, boolean(false))),
  fp16_full_eval: about("Evaluate in float16", lacking(precision, boolean(false))),
  tf32: about(
    "Multiply matrices in TF32",
    lacking(precision, optional(boolean(false)), (value) => value === true)
  ),
  half_precision_backend: about(
    "Backend of half precision",
    lacking(precision, choice("auto", ["auto", "apex", "cpu_amp", "cuda_amp", "amp"]))
  ),
  fp16_opt_level: about("Optimization level of Apex", lacking(apex, choice("O1", ["O0", "O1", "O2", "O3"]))),
  torch_compile_backend: about(
    "Backend of torch_compile; setting it enables compilation",
    lacking(compilation, optional(text("")))
  ),
  torch_compile_mode: about("Mode of torch_compile; setting it enables compilation", lacking(compilation, optional(text("")))),
  torch_compile: about("Compile the model", lacking(compilation, boolean(false))),
  gradient_checkpointing: about(
    "Recompute activations in the backward pass to save memory",
    lacking(recomputation, boolean(false))
  ),
  gradient_checkpointing_kwargs: about("Options of gradient_checkpointing", lacking(recomputation, optional(jsonDictionary))),
  use_liger_kernel: about("Use the Liger kernels", lacking(liger, boolean(false))),
  liger_kernel_config: about("Options of use_liger_kernel", lacking(liger, optional(jsonDictionary)))
}
