/**
 * `claude-enterprise-server token`: who may use the API.
 *
 * @since 0.1.0
 */
import * as ConfigField from "@access-kit/connector-model/ConfigField"
import { Scope } from "@access-kit/server-api/Authorization"
import type { Token } from "@access-kit/server-api/Tokens"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { CommandError } from "../CommandError.ts"
import { Tokens } from "../Tokens.ts"
import * as Administration from "./Administration.ts"

const lifetime = ConfigField.duration({ name: "expires-in", displayName: "Lifetime", description: "" })

const create = Command.make(
  "create",
  {
    name: Flag.String("name").pipe(
      Flag.filter((name) => name.length > 0 && name.length <= 200, () => "Expected 1 to 200 characters"),
      Flag.withDescription("What the audit log calls whoever uses it")
    ),
    scopes: Flag.Literals("scope", Scope.literals).pipe(
      Flag.atLeast(1),
      Flag.withDescription(
        "What it may do, once for each: read, provision (accounts, grants, syncs), approve (what a guard stopped), admin (everything)"
      )
    ),
    expiresIn: Flag.String("expires-in").pipe(
      Flag.withMetavar("TIME"),
      Flag.withDescription("When it stops working, for example 90d; never if absent"),
      Flag.optional
    )
  },
  Effect.fn("token.create")(function*({ expiresIn, name, scopes }) {
    const tokens = yield* Tokens
    const decoded = Option.map(expiresIn, lifetime.decode)
    if (Option.isSome(decoded) && Result.isFailure(decoded.value)) {
      return yield* new CommandError({ reason: "Usage", message: `${decoded.value.failure} (--expires-in)` })
    }
    const { text, token } = yield* tokens.create(Administration.actor, {
      name,
      scopes: [...new Set(scopes)],
      ...(Option.isSome(decoded) && Result.isSuccess(decoded.value) ? { expiresIn: decoded.value.success } : {})
    })
    yield* Console.error(`The token "${token.name}" (${token.id}). It is shown this once:`)
    yield* Console.log(Redacted.value(text))
  }, Effect.provide(Administration.layer))
).pipe(
  Command.withDescription("Make a token and print it, this once"),
  Command.withExamples([
    { command: "claude-enterprise-server token create --name reports --scope read --expires-in 90d" },
    { command: "claude-enterprise-server token create --name ci --scope read --scope provision" }
  ])
)

const every = Effect.map(Tokens, (tokens) =>
  Stream.paginate(undefined as string | undefined, (pageToken) =>
    Effect.map(
      tokens.list(pageToken === undefined ? {} : { pageToken }),
      (page) => [page.items, Option.map(Option.fromUndefinedOr(page.nextPageToken), (next) => next)]
    ))).pipe(Stream.unwrap)

/** A name is written by an operator, and may still hold what a terminal obeys. */
const printable = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`
  )

const stateOf = (token: Token, now: string): string =>
  token.revokedAt !== undefined
    ? `revoked ${token.revokedAt}`
    : token.expiresAt === undefined
    ? "valid"
    : token.expiresAt <= now
    ? `expired ${token.expiresAt}`
    : `valid until ${token.expiresAt}`

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()).join("\n")
}

const list = Command.make(
  "list",
  {
    output: Flag.Literals("output", ["table", "json"]).pipe(
      Flag.withAlias("o"),
      Flag.withDescription("How to print them"),
      Flag.withDefault("table")
    )
  },
  Effect.fn("token.list")(function*({ output }) {
    const tokens = yield* Stream.runCollect(every)
    if (output === "json") return yield* Console.log(JSON.stringify(tokens, null, 2))
    const now = new Date().toISOString()
    yield* Console.log(table([
      ["ID", "NAME", "SCOPES", "LAST USED", "STATE"],
      ...tokens.map((token) => [
        token.id,
        printable(token.name),
        token.scopes.join(" "),
        token.lastUsedAt ?? "never",
        stateOf(token, now)
      ])
    ]))
  }, Effect.provide(Administration.layer))
).pipe(Command.withDescription("List the tokens, without their text"))

const revoke = Command.make(
  "revoke",
  {
    token: Argument.String("token").pipe(Argument.withDescription("Id or name"))
  },
  Effect.fn("token.revoke")(function*({ token: wanted }) {
    const tokens = yield* Tokens
    const found = (yield* Stream.runCollect(every)).find((token) =>
      token.id === wanted || (token.name === wanted && token.revokedAt === undefined)
    )
    if (found === undefined) {
      return yield* new CommandError({
        reason: "NotFound",
        message: `There is no token ${JSON.stringify(wanted)}. See: claude-enterprise-server token list`
      })
    }
    yield* tokens.revoke(Administration.actor, found.id)
    yield* Console.error(
      `The token "${printable(found.name)}" (${found.id}) is revoked; running servers notice within seconds.`
    )
  }, Effect.provide(Administration.layer))
).pipe(Command.withDescription("Make a token stop working"))

/**
 * @since 0.1.0
 */
export const token = Command.make("token").pipe(
  Command.withDescription("Make, list and revoke the tokens of the API"),
  Command.withSubcommands([create, list, revoke])
)
