/** The features that arguments can name and that are not supported, each with what to use instead. */
import type { Lack } from "../Field.ts"

const lack = (missing: string, instead = "Leave it out."): Lack => ({ missing, instead })

/** Not implemented yet; remove when the argument is implemented. */
export const wiring = lack("a part of Regimen that is not there yet")

export const precision = lack("a device that computes in that precision; those there are compute in float32")
export const compilation = lack(
  "a device that compiles with that backend",
  "Leave it out: devices compile the step where they can."
)
export const recomputation = lack("a device that recomputes activations", "Leave it out, or lower per_device_train_batch_size.")
export const liger = lack("the Liger kernels, which are written for CUDA")
export const apex = lack("NVIDIA Apex, which is written for PyTorch on CUDA")
export const mps = lack("Apple's mps device of PyTorch", 'Leave it out and choose a device, for example with "--device wasm".')
export const tpu = lack("a TPU, for which there is no device")
export const ipex = lack("Intel's extension for PyTorch")
export const processes = lack("many processes, and a run is one process", "Leave it out.")
export const deepspeed = lack("DeepSpeed, which is written for PyTorch")
export const fsdp = lack("weights in shards over many processes, and a run is one process")
export const sagemaker = lack("SageMaker's model parallelism")
export const legacy = lack(
  "the prediction loop that the Trainer had before version 4",
  "Leave it out: there is one evaluation loop."
)
export const memories = lack("a model that declares memories", "Leave it at -1.")
export const search = lack("hyperparameter search with Ray", 'Leave it at "last".')
export const hub = lack("uploads to the Hugging Face hub", "Leave it out, and upload the output folder with the hub's own tools.")
export const pickles = lack(
  "Python pickles, which run code when they are read",
  "Leave it out: weights are saved as safetensors."
)
export const sampling = lack(
  "Accelerate's own sampler and accumulation",
  "Leave use_seedable_sampler true and gradient_accumulation_kwargs out."
)
export const trackers = lack("a tracker that is not there", 'Leave it out, or name "none".')
