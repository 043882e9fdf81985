/**
 * Checks that names, docs, messages and tests are written in the field's standard terms: words that once had a private sense here are reported, with what to
 * write instead. A plain English use that a pattern catches is allowed in `allowed`, with its reason. `node scripts/words.ts [folder]`
 */
import { globSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"

interface Word {
  /** What is reported, without regard to case unless the pattern has capitals. */
  readonly pattern: RegExp
  readonly instead: string
}

const words: ReadonlyArray<Word> = [
  { pattern: /\b(?:said|saying so|says so)\b/i, instead: "reported, given, specified" },
  { pattern: /\btold\b/i, instead: "notified, given, reported" },
  { pattern: /\b(?:heard|hears|hear)\b/i, instead: "handled, handles" },
  { pattern: /\belsewhere\b/i, instead: "another folder, another file" },
  { pattern: /\blessons?\b/i, instead: "task configuration" },
  { pattern: /\bdiar(?:y|ies)\b/i, instead: "evaluation log" },
  { pattern: /\bjournals?\b/i, instead: "run log" },
  { pattern: /\bshel(?:f|ves)\b/i, instead: "folders" },
  { pattern: /\bsurveys?\b/i, instead: "data checks" },
  { pattern: /\blearners?\b/i, instead: "training weights" },
  { pattern: /\brehears\w*/i, instead: "dry run" },
  { pattern: /\bfeeds?\b/i, instead: "data loaders" },
  {
    pattern: /\b(?:Kept|Made|Small|Stand|Pass|Style|Reader|Told|Said|Fit)\b(?=[.;,)>\]}]| [=:|&{]|$)/,
    instead: "a name of the field"
  },
  { pattern: /\bstands? (?:for|in)\b/i, instead: "represents, replaces" },
  { pattern: /\bthe page(?:'s)?\b/i, instead: "Hugging Face, the Trainer, transformers" },
  { pattern: /\bthe world\b/i, instead: "the services, the Layers of a run" },
  {
    pattern: /\b(?:is|was|are|were|runs?|been|being|gets?) cut\b|\bcut (?:run|short|off|anywhere|at)\b|\b[ao]n?e? cut\b/i,
    instead: "interrupted"
  },
  { pattern: /\b(?:where|when|if)\b[^.]{0,30}\bleft out\b/i, instead: "defaults to, if omitted" },
  { pattern: /\bcomes? to\b/i, instead: "computes, results in, is" },
  { pattern: /\bnobody\b|\bsomebody\b/i, instead: "the thing that does it" }
]

/** Plain uses: the text around a match, and why it is one. */
const allowed: ReadonlyArray<readonly [text: RegExp, reason: string]> = [
  [/line feed|feed-?forward/i, "characters and layers are called so"],
  [/stand-in server/i, "a test double"],
  [/Unsupervised Multitask Learners/, "the title of a paper"],
  [
    /fields of golden 4\.57\.6 that are not on the page/,
    "a section title of PARITY.md that has to equal the recorded one in test/golden/parity.md"
  ],
  [/onto the page|page of (?:the|a) (?:file|pdf)/i, "a page of paper"]
]

/** Whole files that are recorded data, licences, or the history of the project. */
const skipped = /^(?:test\/golden\/.*\.(?:json|md)|test\/golden-own\/.*\.json|CHANGELOG\.md|scripts\/words\.ts)$/

const root = process.argv[2] ?? join(import.meta.dirname, "..")
const files = globSync(["*.md", "docs/**/*.md", "{src,test,examples,scripts,bench}/**/*.{ts,py,sh,md}"], { cwd: root })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => !skipped.test(file) && !file.includes("node_modules"))
  .sort()

let found = 0
for (const file of files) {
  readFileSync(join(root, file), "utf8")
    .split("\n")
    .forEach((text, index) => {
      for (const { instead, pattern } of words) {
        const match = pattern.exec(text)
        if (match === null || allowed.some(([plain]) => plain.test(text))) continue
        found++
        console.error(`${relative(process.cwd(), join(root, file))}:${index + 1}: "${match[0]}": write ${instead}`)
      }
    })
}
console.log(found === 0 ? `${files.length} files in plain words` : `${found} findings`)
process.exitCode = found === 0 ? 0 : 1
