/** What can be wrong with a folder that a transformer is loaded from. */
import { Schema } from "effect"

/** Nothing to load. */
export class NoModel extends Schema.TaggedError<NoModel>()("NoModel", { folder: Schema.String, reason: Schema.String }) {
  override get message() {
    return `There is no model in ${this.folder}: ${this.reason}.`
  }
}

/** The weights are there in a format that can execute code, which is not read. */
export class PickledWeights extends Schema.TaggedError<PickledWeights>()("PickledWeights", {
  folder: Schema.String,
  file: Schema.String,
  architecture: Schema.String
}) {
  override get message() {
    const line = `import transformers; transformers.${this.architecture}.from_pretrained('${this.folder}').save_pretrained('${this.folder}')`
    return `The weights in ${this.folder} are in ${this.file} alone, a pickle, which is not read. Convert them once, where transformers is installed: python -c "${line}"`
  }
}

/** The first of many names. */
export const listed = (names: ReadonlyArray<string>): string =>
  `${names.slice(0, 5).join(", ")}${names.length > 5 ? `, and ${names.length - 5} more` : ""}`

/** The model has parameters that the files do not have. */
export class MissingTensors extends Schema.TaggedError<MissingTensors>()("MissingTensors", {
  architecture: Schema.String,
  tensors: Schema.Array(Schema.String)
}) {
  override get message() {
    return `${this.architecture} has ${this.tensors.length} parameters that the files do not have: ${listed(this.tensors)}. Check that config and files belong together; a parameter that is to begin anew is one for \`fresh\`.`
  }
}

/** The files have tensors that the model does not have. */
export class UnexpectedTensors extends Schema.TaggedError<UnexpectedTensors>()("UnexpectedTensors", {
  architecture: Schema.String,
  tensors: Schema.Array(Schema.String)
}) {
  override get message() {
    return `The files have ${this.tensors.length} tensors that ${this.architecture} does not have: ${listed(this.tensors)}. Check that config and files belong together.`
  }
}

/** A tensor has another shape than the config says, or holds no floats. */
export class WrongShape extends Schema.TaggedError<WrongShape>()("WrongShape", {
  tensor: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `Tensor ${this.tensor} is ${this.found} in the files, and by the config it is ${this.expected}. Check that they belong together; a head for other classes is one for \`fresh\`.`
  }
}
