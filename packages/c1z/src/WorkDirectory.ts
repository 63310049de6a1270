/**
 * Temporary directories that tell whose they are, so that those of a process which was killed do not stay for ever: whoever makes one takes away
 * those of dead processes beside it. In a container that is killed for its memory and started again in the same volume, they would fill it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { lstatSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { codeOf } from "./internal/Failures.ts"

/** Process numbers mean nothing on another machine, or in another container, which may share the directory. */
const machine = createHash("sha256").update(hostname()).digest("hex").slice(0, 8)

/**
 * When a process began, in whatever unit the system has; numbers come again, in containers soon. Nothing where the system does not tell. The name of the
 * program, which stands before it, may have spaces and parentheses in it.
 */
const beginningOf = (pid: number): string | undefined => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]
}

/** What stands for the beginning of a process where the system does not tell. */
const UNKNOWN = "0"

const told = (pid: number): Effect.Effect<string | undefined> =>
  Effect.orElseSucceed(Effect.try({ try: () => beginningOf(pid), catch: () => undefined }), () => undefined)

const isAlive = (pid: number): Effect.Effect<boolean> =>
  Effect.try({
    try: () => process.kill(pid, 0),
    catch: codeOf
  }).pipe(
    Effect.as(true),
    // Somebody else's, who is not to be signalled.
    Effect.catch((code) => Effect.succeed(code !== "ESRCH"))
  )

const isOver = Effect.fnUntraced(function*(pid: number, beginning: string) {
  if (!(yield* isAlive(pid))) return true
  const now = yield* told(pid)
  return beginning !== UNKNOWN && now !== undefined && now !== beginning
})

/**
 * What the names of such directories of this process begin with, for `mkdtemp` and its like.
 *
 * @since 0.1.0
 */
export const prefix = (name: string): Effect.Effect<string> =>
  Effect.map(told(process.pid), (beginning) => `${name}-${machine}-${process.pid}-${beginning ?? UNKNOWN}-`)

const owner = process.getuid?.()

/** Only what is the same user's: where everybody may write, anybody may have made something of such a name. */
const removeAt = (path: string): Effect.Effect<void> =>
  Effect.ignore(Effect.try({
    try: () => {
      const found = lstatSync(path)
      if (found.isDirectory() && (owner === undefined || found.uid === owner)) rmSync(path, { recursive: true })
    },
    catch: () => undefined
  }))

/**
 * Removes the directories of that name that processes of this machine have left in `parent` and that are over. Never fails: what can't be removed stays.
 *
 * @since 0.1.0
 */
export const sweep = Effect.fn("WorkDirectory.sweep")(function*(parent: string, name: string) {
  const names = yield* Effect.orElseSucceed(
    Effect.try({ try: () => readdirSync(parent), catch: () => undefined }),
    () => []
  )
  const mine = `${name}-${machine}-`
  for (const found of names) {
    if (!found.startsWith(mine)) continue
    const [, pid = "", beginning = ""] = /^(\d{1,10})-(\d+)-\w+$/.exec(found.slice(mine.length)) ?? []
    if (pid !== "" && (yield* isOver(Number(pid), beginning))) yield* removeAt(join(parent, found))
  }
})
