/**
 * Bundles a command into one directory: the file to start, and beside it what only some of its commands load (`import()` in the sources). In one single
 * file, Node.js would read all of it before it could answer `--version`, which then takes twice as long.
 */
import { chmodSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { Plugin, RolldownOptions } from "rolldown"

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

/** Makes the command executable, and takes away what an earlier build left: names of chunks change with what is shared between them. */
const tidy = (command: string): Plugin => ({
  name: "tidy",
  writeBundle({ dir }, bundle) {
    if (dir === undefined) return
    for (const name of readdirSync(dir)) {
      if (name.startsWith(command) && name.endsWith(".mjs") && !(name in bundle)) rmSync(join(dir, name))
    }
    chmodSync(join(dir, `${command}.mjs`), 0o755)
  }
})

/** The bundle of the app whose configuration asks, which begins in `src/boot.ts` and writes snapshots. */
export const bundle = (command: string): RolldownOptions => ({
  input: {
    [command]: "src/boot.ts",
    [`${command}-c1z-worker`]: "@access-kit/c1z/worker"
  },
  platform: "node",
  plugins: [undici, tidy(command)],
  output: {
    dir: "dist",
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: `${command}-[name].mjs`,
    minify: true
  }
})
