/**
 * Links between files of the repository: each leads to a file or folder that is there, and to a heading that it has.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import type { MarkdownFile } from "./Markdown.ts"
import type { Problem } from "./Problem.ts"

const isRelative = (url: string): boolean => !/^[a-z][a-z0-9+.-]*:/i.test(url) && !url.startsWith("//")

/**
 * The relative links of a file, split.
 */
export const relative = (file: MarkdownFile) =>
  file.links.filter((link) => isRelative(link.url)).map((link) => {
    const [target = "", anchor] = link.url.split("#", 2)
    return { ...link, target: decodeURIComponent(target), anchor }
  })

/**
 * Problems of all relative links. `root` is the absolute path of the repository.
 */
export const check = Effect.fn("Links.check")(
  function*(root: string, files: ReadonlyArray<MarkdownFile>): Effect.fn.Return<
    ReadonlyArray<Problem>,
    PlatformError.PlatformError,
    FileSystem.FileSystem | Path.Path
  > {
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const byPath = new Map(files.map((file) => [file.path, file]))
    const problems: Array<Problem> = []
    for (const file of files) {
      for (const { anchor, line, target, url } of relative(file)) {
        const at = { path: file.path, line }
        if (target.startsWith("/")) {
          problems.push({ ...at, message: `link "${url}" is absolute; make it relative to the file` })
          continue
        }
        const path = target === "" ? file.path : paths.join(paths.dirname(file.path), target)
        if (path.startsWith("..") || !(yield* fs.exists(paths.join(root, path)))) {
          problems.push({ ...at, message: `link "${url}" leads to ${path}, which is not there` })
          continue
        }
        const linked = byPath.get(path)
        if (anchor !== undefined && linked !== undefined && !linked.anchors.has(anchor)) {
          problems.push({ ...at, message: `link "${url}" leads to a heading that ${path} does not have` })
        }
      }
    }
    return problems
  }
)
