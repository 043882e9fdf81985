/** Exit codes: a public contract. */

/** The run is done. */
export const done = 0
/** The run failed. */
export const failed = 1
/** The arguments, the program or the folder are not such that a run could start. */
export const badArguments = 2
/** Interrupted where there was no run to save: the code that shells use for Ctrl-C. */
export const interruptedUnsaved = 130
/** The run was interrupted and its state is saved: the same command continues it. */
export const interruptedSaved = 75

/** Errors that are the caller's to mend: nothing was trained. Of data that fail later on, a run says that it failed. */
const caller = new Set([
  "InvalidArgument",
  "ContradictoryArguments",
  "UnknownArgument",
  "NotSupported",
  "FlagError",
  "LoaderError",
  "InvalidTask",
  "MissingField",
  "NoLoss",
  "FunctionFailed",
  "MetricInputMissing",
  "MetricFailed",
  "ModelFailed",
  "KernelMissing",
  "DeviceUnavailable",
  "NoCheckpoint",
  "NotACheckpoint",
  "ForeignFolder",
  "FolderError",
  "ProgramError",
  "NoFile",
  "InvalidCase",
  "UnknownTask",
  "NoTaskData",
  "NoSuchColumn",
  "InvalidRow",
  "UnknownLabel",
  "NoHead",
  "OtherLabels",
  "OneOfBoth",
  "NoPrediction",
  "NoPrompt",
  "NoModel",
  "PickledWeights",
  "UnknownArchitecture",
  "InvalidConfig",
  "InvalidGeneration",
  "TokenizerMissing",
  "TokenizerInvalid",
  "TokenizerUnsupported",
  "EncodeError",
  "ChatTemplateError",
  "DataError",
  "TokenizerMismatch",
  "NoColumnTaken",
  "LabelNotTaken",
  "UnknownActivation",
  "UnknownRope",
  "MissingTensors",
  "UnexpectedTensors",
  "WrongShape",
  "InvalidSafetensors",
  "NotOnHub",
  "NoAccess",
  "InvalidToken",
  "NotCached"
])

/** The exit code of an error. */
export const of = (error: unknown): number =>
  typeof error === "object" && error !== null && "_tag" in error && caller.has(String(error._tag)) ? badArguments : failed
