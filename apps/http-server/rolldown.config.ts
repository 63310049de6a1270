/**
 * Bundles the server into one directory: the file to start, and beside it what is loaded when it is used.
 */
import { chmodSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { defineConfig, type Plugin } from "rolldown"

/** The names that `export * from "undici"` brings are not known before it runs; the one that the HTTP client takes is named here. */
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

const command = "claude-enterprise-server"

const tidy: Plugin = {
  name: "tidy",
  writeBundle({ dir }, bundle) {
    if (dir === undefined) return
    for (const name of readdirSync(dir)) {
      if (name.startsWith(command) && name.endsWith(".mjs") && !(name in bundle)) rmSync(join(dir, name))
    }
    chmodSync(join(dir, `${command}.mjs`), 0o755)
  }
}

export default defineConfig({
  input: {
    [command]: "src/boot.ts",
    [`${command}-c1z-worker`]: "@access-kit/c1z/worker"
  },
  platform: "node",
  plugins: [undici, tidy],
  output: {
    dir: "dist",
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: `${command}-[name].mjs`,
    minify: true
  }
})
