/** Adapters from and to folders: PEFT's names, and what is wrong with a folder. */
import { NodeServices } from "@effect/platform-node"
import { expect, layer } from "@effect/vitest"
import { Effect, FileSystem, Path, Result } from "effect"
import * as LoraFiles from "../../../src/Checkpoint/LoraFiles.ts"
import * as Lora from "../../../src/Model/Lora.ts"
import type { HostTensors } from "../../../src/Tensor/HostTensor.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as Safetensors from "../../../src/Tensor/Safetensors.ts"
import * as Tree from "../../../src/Tensor/Tree.ts"
import * as TestModels from "../../support/transformers.ts"

const bert = TestModels.make("bert SequenceClassification")
const settings = { rank: 2, alpha: 4, targets: ["query", "value"], modulesToSave: ["classifier"], rslora: true }
const lora = Result.getOrThrow(Lora.around(bert, settings))
const parameters = Tree.map(lora.init(Key.make(3)), (tensor, path) =>
  lora.trainable(path) ? { ...tensor, data: Float32Array.from(tensor.data, (_, i) => i + path.length) } : tensor
)

/** Saves the adapter, and changes what lies there. */
const folderOf = Effect.fnUntraced(function* (
  more: Readonly<Record<string, unknown>> = {},
  change: (tensors: HostTensors) => HostTensors = (tensors) => tensors
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = path.join(yield* fs.makeTempDirectoryScoped(), "new", "adapter")
  yield* LoraFiles.save(folder, { lora, parameters, baseModel: "me/base" })
  const [config, tensors] = ["adapter_config.json", "adapter_model.safetensors"].map((name) => path.join(folder, name)) as [
    string,
    string
  ]
  const saved = JSON.parse(yield* fs.readFileString(config))
  yield* fs.writeFileString(config, JSON.stringify({ ...saved, ...more }))
  const file = Safetensors.decode(yield* fs.readFile(tensors))
  yield* fs.writeFile(tensors, Safetensors.encode(change(file.tensors), { metadata: file.metadata }))
  return { folder, saved, file }
})
const failure = (...given: Parameters<typeof folderOf>) =>
  Effect.flatMap(folderOf(...given), ({ folder }) => Effect.flip(LoraFiles.load(folder, bert)))

layer(NodeServices.layer)("LoraFiles", (it) => {
  it.effect("the files have PEFT's names, and loaded they are the same adapter around any weights of the base", () =>
    Effect.gen(function* () {
      const { folder, saved, file } = yield* folderOf()
      expect(saved).toMatchObject({
        peft_type: "LORA",
        r: 2,
        lora_alpha: 4,
        target_modules: ["query", "value"],
        modules_to_save: ["classifier"],
        use_rslora: true,
        bias: "none",
        lora_dropout: 0,
        fan_in_fan_out: false,
        task_type: "SEQ_CLS",
        base_model_name_or_path: "me/base"
      })
      expect(file.metadata).toEqual({ format: "pt" })
      expect(Object.keys(file.tensors)).toHaveLength(10)
      const name = "base_model.model.bert.encoder.layer.1.attention.self.value.lora_B.weight"
      expect(file.tensors[name]).toEqual(parameters["bert.encoder.layer.1.attention.self.value.lora_B.weight"])
      expect(file.tensors["base_model.model.classifier.bias"]).toEqual(parameters["classifier.bias"])

      const loaded = yield* LoraFiles.load(folder, bert)
      expect(loaded.settings).toEqual(lora.settings)
      expect(Tree.filter(loaded.init(Key.make(8)), loaded.trainable)).toEqual(Tree.filter(parameters, lora.trainable))
      const base = (path: string) => !loaded.trainable(path)
      expect(Tree.filter(loaded.init(Key.make(8)), base)).toEqual(Tree.filter(bert.init(Key.make(8)), base))
    })
  )

  it.effect("task_type is written only if the head, which PEFT then looks for, is in the files", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const folder = yield* fs.makeTempDirectoryScoped()
      const taskOf = Effect.fnUntraced(function* (name: string, modulesToSave: ReadonlyArray<string>, targets: string) {
        const model = TestModels.make(name)
        const lora = Result.getOrThrow(Lora.around(model, { ...settings, targets: [targets], modulesToSave }))
        yield* LoraFiles.save(folder, { lora, parameters: lora.init(Key.make(1)) })
        return JSON.parse(yield* fs.readFileString(path.join(folder, "adapter_config.json"))).task_type
      })
      expect(yield* taskOf("bert SequenceClassification", [], "query")).toBe(null)
      expect(yield* taskOf("bert QuestionAnswering", [], "query")).toBe(null)
      expect(yield* taskOf("bert QuestionAnswering", ["qa_outputs"], "query")).toBe("QUESTION_ANS")
      // The classifier has two layers, whose names end alike.
      expect(yield* taskOf("distilbert SequenceClassification", ["classifier"], "q_lin")).toBe("SEQ_CLS")
      expect(yield* taskOf("gpt2", [], "c_attn")).toBe("CAUSAL_LM")
    })
  )

  it.effect("names that are no module's here are passed over, and a dropout that is waived", () =>
    Effect.gen(function* () {
      const more = {
        target_modules: ["query", "value", "gate_proj"],
        modules_to_save: ["classifier", "score"],
        lora_dropout: 0.1
      }
      const { folder } = yield* folderOf(more)
      expect(yield* Effect.flip(LoraFiles.load(folder, bert))).toMatchObject({ _tag: "InvalidLora", setting: "dropout" })
      const loaded = yield* LoraFiles.load(folder, bert, { dropout: 0 })
      expect([loaded.settings.targets, loaded.modules]).toEqual([["query", "value"], lora.modules])
      const expression = yield* folderOf({ target_modules: ".*\\.(query|value)" })
      expect((yield* LoraFiles.load(expression.folder, bert)).modules).toEqual(lora.modules)
    })
  )

  it.effect("what is not supported is refused by its field", () =>
    Effect.gen(function* () {
      for (const [field, value] of Object.entries({ peft_type: "IA3", bias: "all", use_dora: true, rank_pattern: { query: 4 } }))
        expect(yield* failure({ [field]: value })).toMatchObject({
          _tag: "UnsupportedAdapter",
          field,
          found: JSON.stringify(value)
        })
      expect(yield* failure({ r: "two" })).toMatchObject({ _tag: "NoAdapter" })
      expect(yield* failure({ r: 2.5 })).toMatchObject({ _tag: "InvalidLora", setting: "rank" })
      expect(yield* failure({ target_modules: ["nothing"] })).toMatchObject({ _tag: "InvalidLora", setting: "targets" })
    })
  )

  it.effect("tensors that do not fit are refused by name", () =>
    Effect.gen(function* () {
      const name = "base_model.model.classifier.weight"
      const without = ({ [name]: _, ...rest }: HostTensors): HostTensors => rest
      expect(yield* failure({}, without)).toMatchObject({ _tag: "AdapterMismatch", tensor: name, found: "absent" })
      expect(yield* failure({}, (tensors) => ({ ...tensors, [name]: HostTensor.zeros([2, 8]) }))).toMatchObject({
        expected: "float32 [3,8]",
        found: "float32 [2,8]"
      })
      expect(yield* failure({}, (tensors) => ({ ...tensors, more: HostTensor.zeros([1]) }))).toMatchObject({ tensor: "more" })
      expect(yield* failure({ r: 3 })).toMatchObject({ _tag: "AdapterMismatch" })
    })
  )

  it.effect("a folder without its files, or with a truncated one, is refused", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { folder } = yield* folderOf()
      const bytes = yield* fs.readFile(`${folder}/adapter_model.safetensors`)
      yield* fs.writeFile(`${folder}/adapter_model.safetensors`, bytes.subarray(0, bytes.length - 4))
      expect(yield* Effect.flip(LoraFiles.load(folder, bert))).toMatchObject({ _tag: "InvalidSafetensors" })
      for (const name of ["adapter_model.safetensors", "adapter_config.json"]) {
        yield* fs.remove(`${folder}/${name}`)
        expect((yield* Effect.flip(LoraFiles.load(folder, bert))).message).toContain(`it has no ${name}`)
      }
    })
  )
})
