/**
 * What all commands about a snapshot have in common: the file, the sync to look at, pages and columns.
 *
 * @since 0.1.0
 */
import type { C1z } from "@access-kit/c1z/C1z"
import type { Positioned } from "@access-kit/c1z/Page"
import type { Snapshot } from "@access-kit/c1z/Snapshot"
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { CommandError } from "../../Failure.ts"
import * as Json from "../../Json.ts"
import * as Listing from "../../Listing.ts"
import { isJson, Output } from "../../Output.ts"
import * as Text from "../../Text.ts"
import type { View } from "../../View.ts"

/**
 * @since 0.1.0
 */
export const file = Argument.String("file").pipe(Argument.withDescription("The snapshot, a .c1z file"))

/**
 * @since 0.1.0
 */
export const maxSize = Flag.Int("max-size-mb").pipe(
  Flag.withMetavar("N"),
  Flag.filter((size) => size >= 1, () => "Expected a number from 1 on"),
  Flag.withDescription("Refuse a snapshot that is larger than so many MB once decompressed (default 10240)"),
  Flag.optional
)

/**
 * @since 0.1.0
 */
export const syncId = Flag.String("sync-id").pipe(
  Flag.withMetavar("ID"),
  Flag.withDescription("The sync to look at (default: the one that ended last)"),
  Flag.optional
)

/**
 * @since 0.1.0
 */
export const flags = { file, syncId, maxSize }

/**
 * Flags of commands that list rows.
 *
 * @since 0.1.0
 */
export const paging = {
  limit: Listing.limit,
  pageToken: Flag.String("page-token").pipe(
    Flag.withMetavar("TOKEN"),
    Flag.withDescription("Go on where a listing with --limit stopped; it said the token"),
    Flag.optional
  ),
  columns: Flag.String("columns").pipe(
    Flag.withMetavar("A,B,…"),
    Flag.withDescription("Only these columns, in this order; their names are those of CSV"),
    Flag.optional
  )
}

const megabyte = 1_000_000

const queries = Effect.promise(() => import("../../SnapshotQueries.ts"))

/**
 * The size limit as the reader takes it.
 *
 * @since 0.1.0
 */
export const bounds = (flags: { readonly maxSize: Option.Option<number> }): { readonly maxDecodedBytes?: number } =>
  Option.isSome(flags.maxSize) ? { maxDecodedBytes: flags.maxSize.value * megabyte } : {}

/**
 * Opens the file.
 *
 * @since 0.1.0
 */
export const openFile = Effect.fn("SnapshotFile.openFile")(function*(flags: {
  readonly file: string
  readonly maxSize: Option.Option<number>
}) {
  const c1z = yield* queries
  const file: C1z = yield* c1z.C1z.open(flags.file, bounds(flags))
  return { c1z, file }
})

/**
 * Opens the file and chooses the sync.
 *
 * @since 0.1.0
 */
export const open = Effect.fn("SnapshotFile.open")(function*(flags: {
  readonly file: string
  readonly syncId: Option.Option<string>
  readonly maxSize: Option.Option<number>
}) {
  const { c1z, file } = yield* openFile(flags)
  const snapshot: Snapshot = yield* c1z.Snapshot.of(
    file,
    Option.isSome(flags.syncId) ? { syncId: flags.syncId.value } : {}
  )
  return { c1z, file, snapshot }
})

/**
 * Takes the present ones of optional flags.
 *
 * @since 0.1.0
 */
export const given = <A>(options: { readonly [K in keyof A]: Option.Option<A[K]> }): Partial<A> => {
  const found: Partial<A> = {}
  for (const key in options) {
    const value = options[key]
    if (Option.isSome(value)) found[key] = value.value
  }
  return found
}

const usage = (message: string) => new CommandError({ reason: "Usage", message })

/**
 * The view with the columns that were asked for. JSON then has these as well, as text, and no others.
 *
 * @since 0.1.0
 */
export const chosen = <A>(view: View<A>, columns: Option.Option<string>): Effect.Effect<View<A>, CommandError> => {
  if (Option.isNone(columns)) return Effect.succeed(view)
  const names = columns.value.split(",").map((name) => name.trim()).filter((name) => name !== "")
  const found = names.flatMap((name) => view.columns.filter((column) => column.name === name))
  const unknown = names.filter((name) => !view.columns.some((column) => column.name === name))
  if (unknown.length > 0 || names.length === 0) {
    return Effect.fail(usage(
      `${unknown.length === 0 ? "--columns is empty" : `There is no column ${unknown.join(", ")}`}. The columns are: ${
        view.columns.map((column) => column.name).join(", ")
      }.`
    ))
  }
  return Effect.succeed({
    noun: view.noun,
    columns: found.map((column) => ({ ...column, header: column.header ?? column.name.toUpperCase() })),
    json: (row) => Object.fromEntries(found.map((column) => [column.name, column.cell(row)]))
  })
}

/**
 * @since 0.1.0
 */
export interface Paging {
  readonly limit: Option.Option<number>
  readonly pageToken: Option.Option<string>
}

/**
 * Rows that have no place of their own in the file: their place is their number.
 *
 * @since 0.1.0
 */
export const numbered = <A extends object, E, R>(rows: Stream.Stream<A, E, R>) =>
(
  after: string | undefined
): Stream.Stream<A & Positioned, E, R> =>
  Stream.drop(Stream.map(rows, (row, index) => ({ ...row, cursor: String(index + 1) })), Number(after ?? 0))

/**
 * Shows a page of rows.
 *
 * @param question what chooses the rows, for the token
 * @param show prints rows and answers how many there were
 * @param options `whole` if the rows after the page are to be looked at as well, though not shown
 * @returns how many were shown, whether there are more, and what tells the token of the next page on standard error
 * @since 0.1.0
 */
export const page = Effect.fn("SnapshotFile.page")(function*<A, E, R, E2, R2>(
  paging: Paging,
  question: unknown,
  rows: (after: string | undefined) => Stream.Stream<A & Positioned, E, R>,
  show: (rows: Stream.Stream<A & Positioned, E, R>) => Effect.Effect<number, E2, R2>,
  options: { readonly whole?: boolean } = {}
) {
  const output = yield* Output
  const { Page } = yield* queries
  const after = Option.isSome(paging.pageToken)
    ? yield* Page.cursor(question, paging.pageToken.value)
    : undefined
  const limit = Option.getOrUndefined(paging.limit)
  let last: string | undefined
  let seen = 0
  const found = rows(after)
  const count = yield* show(
    limit === undefined
      ? found
      : Stream.filter(
        // One more than is shown says whether there is more.
        options.whole === true ? found : Stream.take(found, limit + 1),
        (row) => {
          seen += 1
          if (seen > limit) return false
          last = row.cursor
          return true
        }
      )
  )
  const more = limit !== undefined && seen > limit
  const announce = Effect.suspend(() => {
    if (!more || last === undefined) return Effect.void
    const token = Page.token(question, last)
    return Console.error(
      isJson(output.format) ? Json.compact({ nextPageToken: token }) : `Next page: --page-token ${token}`
    )
  })
  return { count, more, announce }
})

/**
 * Prints a page of rows, and for people how many there were. Where there are more, the token of the next page is told on standard error.
 *
 * @param question what chooses the rows, for the token
 * @since 0.1.0
 */
export const print = Effect.fn("SnapshotFile.print")(function*<A, E, R>(
  view: View<A>,
  paging: Paging & { readonly columns: Option.Option<string> },
  question: unknown,
  rows: (after: string | undefined) => Stream.Stream<A & Positioned, E, R>
) {
  const output = yield* Output
  const shown = yield* chosen<A>(view, paging.columns)
  const { announce, count, more } = yield* page(paging, question, rows, (rows) => output.rows(shown, rows))
  const [singular, plural] = view.noun
  yield* output.say(
    count === 0
      ? `No ${plural} found.`
      : `${Text.counted(count, singular, plural)}${more ? " shown, there are more" : ""}.`
  )
  yield* announce
})

/**
 * Refuses flags that the JSON of baton has no room for.
 *
 * @since 0.1.0
 */
export const refuse = (flags: Readonly<Record<string, Option.Option<unknown>>>): Effect.Effect<void, CommandError> => {
  const names = Object.entries(flags).filter(([, value]) => Option.isSome(value)).map(([name]) => `--${name}`)
  return names.length === 0
    ? Effect.void
    : Effect.fail(usage(`${names.join(", ")} can't be combined with --output baton-json. Use --output json.`))
}
