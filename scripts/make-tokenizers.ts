/** Saves the tokenizers that are made here, for scripts/record-tokenizers.py to load with transformers. `node scripts/make-tokenizers.ts` */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Tokenizer } from "regimen/transformers"

const home = join(import.meta.dirname, "../test/golden-own/tokenizers")
const corpus = readFileSync(join(home, "corpus.txt"), "utf8").split(/(?<=\n)/)

const made = {
  "own-bytes": Tokenizer.bytes(),
  "own-characters": Tokenizer.characters(corpus),
  "own-bpe": Tokenizer.trainBpe(corpus, { vocabularySize: 400 }),
  "own-wordpiece": Tokenizer.trainWordPiece(corpus, { vocabularySize: 320 })
}

for (const [name, { files }] of Object.entries(made)) {
  mkdirSync(join(home, name), { recursive: true })
  for (const [file, content] of Object.entries(files)) writeFileSync(join(home, name, file), content)
}
