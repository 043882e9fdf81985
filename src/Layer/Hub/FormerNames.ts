/** Names that models on the hub had before every repository got an owner, as older scripts and tutorials use them. */

const owners: Readonly<Record<string, RegExp>> = {
  "google-bert": /^bert-(base|large)-/,
  distilbert: /^(distilbert-base-|distilgpt2$|distilroberta-base$)/,
  FacebookAI: /^(roberta|xlm-roberta)-/,
  "openai-community": /^(gpt2(-(medium|large|xl))?|openai-gpt)$/,
  "google-t5": /^t5-/,
  albert: /^albert-/,
  xlnet: /^xlnet-/
}

/** Gives the present name of a model: `google-bert/bert-base-uncased` for `bert-base-uncased`; undefined for any other name. */
export const present = (name: string): string | undefined => {
  const owner = Object.entries(owners).find(([, names]) => names.test(name))?.[0]
  return owner === undefined || name.includes("/") ? undefined : `${owner}/${name}`
}
