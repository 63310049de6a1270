/**
 * The file that a sync is to publish, and the names beside it that the way there needs.
 */
import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  type Stats,
  statSync
} from "node:fs"
import { uptime } from "node:os"
import { basename, dirname, join, resolve } from "node:path"
import { at, codeOf, fail } from "./Failures.ts"

export interface Target {
  /** As the caller gave it, for messages. */
  readonly location: string
  /** What is replaced in the end; not a symbolic link. */
  readonly path: string
  readonly directory: string
  /** The database while it grows. */
  readonly work: string
  /** The compressed file before it gets its name. */
  readonly temporary: string
  /** What it takes to resume a work file that was sealed and not yet published. */
  readonly seal: string
  /** The database with the syncs that the file had and the new one. */
  readonly merged: string
  /** Of the file that is replaced. */
  readonly format: "v1" | "v3" | undefined
  /** Permissions of the file that is replaced. */
  readonly mode: number | undefined
}

const MAGIC: Readonly<Record<string, "v1" | "v3">> = { "C1ZF\0": "v1", "C1Z3\0": "v3" }

const stat = (path: string, read: (path: string) => Stats): Stats | undefined => {
  try {
    return read(path)
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined
    throw error
  }
}

const formatOf = (path: string): Target["format"] => {
  const file = openSync(path, "r")
  try {
    const start = Buffer.alloc(5)
    return MAGIC[start.toString("latin1", 0, readSync(file, start, 0, 5, 0))]
  } finally {
    closeSync(file)
  }
}

/** Looks at the path before anything is written, and refuses what a snapshot must not replace. */
export const inspect = (location: string): Target =>
  at(location, () => {
    if (location === "") fail("InvalidTarget", location, "The output path is empty. Give the path of a file.")
    const given = resolve(location)
    const link = stat(given, lstatSync)
    const existing = stat(given, statSync)
    if (existing === undefined && link?.isSymbolicLink() === true) {
      fail(
        "InvalidTarget",
        location,
        `"${location}" is a symbolic link to a file that does not exist. Remove it, or create what it points to.`
      )
    }
    if (existing?.isDirectory() === true) {
      fail(
        "InvalidTarget",
        location,
        `"${location}" is a directory. Give the path of a file in it, for example "${join(location, "sync.c1z")}".`
      )
    }
    if (existing !== undefined && !existing.isFile()) {
      fail(
        "InvalidTarget",
        location,
        `"${location}" is not a regular file. Give the path of a file that may be replaced.`
      )
    }
    const path = existing === undefined ? given : realpathSync(given)
    const directory = dirname(path)
    const parent = stat(directory, statSync)
    if (parent === undefined || !parent.isDirectory()) {
      fail(
        "InvalidTarget",
        location,
        `The directory "${directory}" does not exist. Create it, or choose another output path.`
      )
    }
    accessSync(directory, constants.W_OK | constants.X_OK)
    let format: Target["format"]
    if (existing !== undefined) {
      accessSync(path, constants.R_OK | constants.W_OK)
      format = formatOf(path)
      if (existing.size > 0 && format === undefined) {
        fail(
          "InvalidTarget",
          location,
          `"${location}" exists and is not a .c1z file, so it is not overwritten. Choose another path, or delete it first.`
        )
      }
    }
    const name = basename(path)
    return {
      location,
      path,
      directory,
      work: join(directory, `.${name}.partial`),
      temporary: join(directory, `.${name}.tmp`),
      seal: join(directory, `.${name}.seal`),
      merged: join(directory, `.${name}.merged`),
      format,
      mode: existing === undefined ? undefined : existing.mode & 0o777
    }
  })

/**
 * Says which start of the machine this is. Rows are written without waiting for the disk: a killed process loses nothing by that, a
 * crashed machine may, and then the work file must not be trusted.
 */
export const bootMark = (): string => {
  try {
    return `id ${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}`
  } catch {
    return `at ${Math.round(Date.now() / 1000 - uptime())}`
  }
}

/** Whether two marks are of one start. Where only a time is known, it wavers with the clock. */
export const sameBoot = (left: string, right: string): boolean => {
  if (left.startsWith("at ") && right.startsWith("at ")) {
    return Math.abs(Number(left.slice(3)) - Number(right.slice(3))) < 120
  }
  return left === right
}
