/**
 * Opens the work file so that one process has it to itself, and removes it while it still has.
 */
import { closeSync, existsSync, openSync, rmSync, statSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import * as Failures from "./Failures.ts"
import type { Target } from "./Target.ts"

/** The files of a work file. Of one that is open Windows removes nothing, and so this comes again after closing there. */
const removeFiles = (paths: ReadonlyArray<string>): boolean => {
  try {
    for (const path of paths) rmSync(path, { force: true })
    return true
  } catch (error) {
    if (process.platform === "win32") return false
    throw error
  }
}

/** Takes the work file out of the directory. The lock holds until the database is closed. Answers whether it is gone already. */
export const removeWork = (target: Target): boolean => removeFiles([target.seal, `${target.work}-journal`, target.work])

/** Takes the emptied journal away while the lock still says that nobody else can have one. */
export const removeJournal = (target: Target): boolean => removeFiles([`${target.work}-journal`])

/**
 * What the file will hold is about people: it is for its owner only, where SQLite would follow the umask. A file that exists is not opened:
 * closing it again would end the lock that another sync of this process may hold.
 */
const createPrivate = (path: string): void => {
  try {
    closeSync(openSync(path, "wx", 0o600))
  } catch (error) {
    if (Failures.codeOf(error) !== "EEXIST") throw error
  }
}

const inodeOf = (path: string): string => {
  const { dev, ino } = statSync(path, { bigint: true })
  return `${dev} ${ino}`
}

/** Opens the work file, creating it if need be, and locks it until it is closed. */
export const openLocked = (target: Target): DatabaseSync =>
  Failures.at(target.location, () => {
    for (;;) {
      createPrivate(target.work)
      const before = inodeOf(target.work)
      const database = new DatabaseSync(target.work, { timeout: 0 })
      try {
        // Not synchronous: a killed process loses nothing by it, and after a crash of the machine the file is not used (see bootMark).
        // Small caches, and sorting in temporary files: 100 MB less, and not slower.
        database.exec(
          "PRAGMA page_size = 16384; PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000; PRAGMA secure_delete = ON"
        )
        database.exec("BEGIN EXCLUSIVE; COMMIT")
        database.exec("PRAGMA journal_mode = TRUNCATE")
        // Somebody may have published and removed it between opening and locking; then this lock is on a file that has no name.
        if (existsSync(target.work) && inodeOf(target.work) === before) return database
        database.close()
      } catch (error) {
        database.close()
        if (Failures.sqliteCodeOf(error) === 26) {
          Failures.fail("InvalidTarget", target.location, foreign(target))
        }
        throw error
      }
    }
  })

export const foreign = (target: Target): string =>
  `"${target.work}" is in the way: a sync keeps its unfinished work under that name, and this file is something else. Move it away.`
