/**
 * Bundles a command into one file, and its worker thread into one beside it. Whatever only some commands load (`import()` in the sources) stays a
 * module of its own inside: the modules are packed into a comment at the end of the file, from where `unpack.ts` loads them (docs/decisions/0006-cli-bundle.md).
 */
import { chmodSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type OutputBundle, type Plugin, rolldown, type RolldownOptions } from "rolldown"

/**
 * `effect` loads undici through a module that is `export * from "undici"`. The names of a CommonJS module are not known before it runs, so
 * they would be lost in the bundle; the one class that the HTTP client takes from it is named here.
 */
const undici: Plugin = {
  name: "undici",
  async resolveId(source, importer) {
    if (importer === undefined || !/(?:^|\/)Undici\.[jt]s$/.test(source)) return null
    const found = await this.resolve("undici", importer)
    return found === null ? null : `\0undici:${found.id}`
  },
  load(id) {
    const path = /^\0undici:(.*)$/.exec(id)?.[1]
    return path === undefined
      ? null
      : `import undici from ${JSON.stringify(path)}\nexport const Agent = undici.Agent\nexport default undici\n`
  }
}

const UNPACK = fileURLToPath(new URL("unpack.ts", import.meta.url))

/** What begins: one self-contained module, with `unpack.ts` in the place of `./main.ts`. */
const head = async (input: string, packed: unknown): Promise<string> => {
  const build = await rolldown({
    input,
    platform: "node",
    transform: { define: { PACKED: JSON.stringify(packed) } },
    plugins: [{ name: "unpack", resolveId: (source) => source === "./main.ts" ? UNPACK : null }]
  })
  const { output } = await build.generate({ format: "esm", minify: true, codeSplitting: false })
  await build.close()
  return output[0].code.trimEnd()
}

/** A module and everything that it loads, sooner or later. */
const reached = (
  first: string,
  bundle: OutputBundle,
  into = new Map<string, string>()
): ReadonlyMap<string, string> => {
  const chunk = bundle[first]
  if (chunk?.type !== "chunk" || into.has(first)) return into
  into.set(first, chunk.code)
  for (const next of [...chunk.imports, ...chunk.dynamicImports]) reached(next, bundle, into)
  return into
}

/** One file of a head and the modules that it unpacks. */
const file = async (input: string, first: string, bundle: OutputBundle): Promise<string> => {
  let comment = ""
  const modules: Record<string, readonly [number, number]> = {}
  for (const [name, code] of reached(first, bundle)) {
    // The end of a comment inside the comment is kept from ending it.
    const kept = code.replaceAll("*/", "*\u0001/")
    modules[name] = [comment.length, comment.length + kept.length]
    comment += kept
  }
  return `${await head(input, { first, modules })}\n/*\u0002${comment}*/\n`
}

/** Makes the two files of the chunks. */
const pack = (command: string): Plugin => ({
  name: "pack",
  async generateBundle(_, bundle) {
    const files = [
      [`${command}.mjs`, await file("src/boot.ts", `${command}-main.mjs`, bundle)],
      [`${command}-c1z-worker.mjs`, await file(UNPACK, `${command}-worker.mjs`, bundle)]
    ] as const
    for (const name of Object.keys(bundle)) delete bundle[name]
    for (const [fileName, code] of files) this.emitFile({ type: "prebuilt-chunk", fileName, code })
  }
})

/** Makes the command executable, and takes away what an earlier build left. */
const tidy = (command: string): Plugin => ({
  name: "tidy",
  writeBundle({ dir }) {
    if (dir === undefined) return
    const made = [`${command}.mjs`, `${command}-c1z-worker.mjs`]
    for (const name of readdirSync(dir)) {
      if (name.startsWith(command) && name.endsWith(".mjs") && !made.includes(name)) rmSync(join(dir, name))
    }
    chmodSync(join(dir, `${command}.mjs`), 0o755)
  }
})

/** The bundle of the app whose configuration asks, which begins in `src/boot.ts` and writes snapshots. */
export const bundle = (command: string): RolldownOptions => ({
  input: {
    [`${command}-main`]: "src/main.ts",
    [`${command}-worker`]: "@access-kit/c1z/worker"
  },
  platform: "node",
  plugins: [undici, pack(command), tidy(command)],
  output: {
    dir: "dist",
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: `${command}-[name].mjs`,
    minify: true
  }
})
