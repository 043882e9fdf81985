/** Formats what a function throws as "name: message"; "nothing was thrown" if it returns. */
export const thrown = (f: () => unknown): string => {
  try {
    f()
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
  return "nothing was thrown"
}
