/**
 * What the number at the end means. The same reasons have the same numbers as with `claude-enterprise`.
 *
 * @since 0.1.0
 */

/**
 * One line of the table.
 *
 * @since 0.1.0
 */
export interface Entry {
  readonly code: number
  readonly meaning: string
}

/**
 * @since 0.1.0
 */
export const entries = {
  Ok: { code: 0, meaning: "Done, or stopped as asked" },
  Unexpected: { code: 1, meaning: "A bug: please report it" },
  Usage: { code: 2, meaning: "The command line is not understood" },
  InvalidConfiguration: { code: 3, meaning: "Settings are missing or wrong; all of them are listed" },
  NotFound: { code: 6, meaning: "No such token" },
  Conflict: { code: 9, meaning: "The name is taken, or another process has the database" },
  Unavailable: { code: 12, meaning: "The database can't be reached or used" },
  NotWritable: { code: 21, meaning: "A file or directory can't be written" },
  PortUnavailable: { code: 33, meaning: "The address can't be listened on" },
  UnsupportedNode: { code: 34, meaning: "Node.js is too old" },
  Interrupted: { code: 130, meaning: "Ctrl-C while a command was running" }
} as const satisfies Readonly<Record<string, Entry>>

/**
 * @since 0.1.0
 */
export type Reason = keyof typeof entries

/**
 * @since 0.1.0
 */
export const of = (reason: Reason): number => entries[reason].code

/**
 * The table as text, for `--help`.
 *
 * @since 0.1.0
 */
export const help = (): string =>
  Object.entries(entries)
    .map(([reason, { code, meaning }]) => `  ${String(code).padStart(3)}  ${reason.padEnd(21)} ${meaning}`)
    .join("\n")
