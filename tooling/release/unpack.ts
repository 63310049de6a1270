/**
 * Stands for `./main.ts` in a packed command (`bundle.ts`): loads the modules that lie in the comment at the end of the same file. A comment costs
 * Node.js next to nothing, where code would have to be read through before the first line runs.
 *
 * Built-in modules are asked for when they are needed, since this is in the file that a Node.js too old for them reads too.
 */

/** What the bundler puts in: the name of the first module, and where in the comment each is, in UTF-16 units. */
declare const PACKED: { readonly first: string; readonly modules: Readonly<Record<string, readonly [number, number]>> }

const { readFileSync } = process.getBuiltinModule("node:fs")
const { registerHooks } = process.getBuiltinModule("node:module")
const here = new URL(".", import.meta.url).href

let comment: string | undefined

const nameOf = (url: string): string | undefined => {
  const name = url.startsWith(here) ? url.slice(here.length) : ""
  return Object.hasOwn(PACKED.modules, name) ? name : undefined
}

registerHooks({
  resolve: (specifier, context, next) => {
    const url = specifier.startsWith("./") && context.parentURL?.startsWith(here) === true
      ? here + specifier.slice(2)
      : specifier
    return nameOf(url) === undefined ? next(specifier, context) : { url, format: "module", shortCircuit: true }
  },
  load: (url, context, next) => {
    const [start, end] = PACKED.modules[nameOf(url) ?? ""] ?? []
    if (start === undefined) return next(url, context)
    if (comment === undefined) {
      const file = readFileSync(new URL(import.meta.url), "utf8")
      comment = file.slice(file.lastIndexOf("\n/*\u0002") + 4)
    }
    return { format: "module", source: comment.slice(start, end).replaceAll("*\u0001/", "*/"), shortCircuit: true }
  }
})

await import(/* @vite-ignore */ here + PACKED.first)
