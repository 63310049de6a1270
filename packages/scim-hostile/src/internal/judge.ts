/** The few judgements that most cases end with. */
import * as Effect from "effect/Effect"
import type { Answer, FailureKind, SeenUser } from "../Driver.ts"
import type { Verdict } from "../HostileCase.ts"

export const right: Verdict = { _tag: "right" }
export const unsupported: Verdict = { _tag: "unsupported" }
export const loud = (saw: string): Verdict => ({ _tag: "loud", saw })
export const wrong = (saw: string): Verdict => ({ _tag: "wrong", saw })

const told = (answer: { readonly failure: { readonly kind: string; readonly text: string } }): string =>
  `${answer.failure.kind}: ${answer.failure.text.split("\n", 1)[0]?.slice(0, 160) ?? ""}`

/** Calls an operation that the client may not have. */
export const ask = <A>(
  operation: (() => Promise<Answer<A>>) | undefined,
  judge: (answer: Answer<A>) => Verdict
): Effect.Effect<Verdict> =>
  operation === undefined
    ? Effect.succeed(unsupported)
    : Effect.map(Effect.promise(() => operation()), judge)

/** The answer must be good, and what it holds must pass. */
export const good = <A>(judge: (value: A) => Verdict) => (answer: Answer<A>): Verdict =>
  answer.ok ? judge(answer.value) : loud(`refused (${told(answer)})`)

/** The answer must be a failure of one of these kinds. */
export const fails = (...kinds: ReadonlyArray<FailureKind>) => <A>(answer: Answer<A>): Verdict =>
  answer.ok
    ? wrong(`took it for a good answer: ${JSON.stringify(answer.value)?.slice(0, 160)}`)
    : kinds.includes(answer.failure.kind)
    ? right
    : loud(`failed as ${told(answer)}`)

/** Exactly these ids, each once. */
export const exactly = (ids: ReadonlyArray<string>) => (seen: ReadonlyArray<{ readonly id: string }>): Verdict => {
  const got = seen.map((row) => row.id)
  const distinct = new Set(got)
  if (distinct.size !== got.length) return wrong(`${got.length - distinct.size} rows twice`)
  const missing = ids.filter((id) => !distinct.has(id))
  const foreign = got.filter((id) => !ids.includes(id))
  if (missing.length > 0) return wrong(`${missing.length} of ${ids.length} rows missing, without a word`)
  if (foreign.length > 0) return wrong(`rows that were not there: ${foreign.join(", ").slice(0, 100)}`)
  return right
}

/** One row, seen as the case expects. */
export const one = (judge: (row: SeenUser) => Verdict) => (rows: ReadonlyArray<SeenUser>): Verdict => {
  const [first] = rows
  return first === undefined || rows.length !== 1 ? wrong(`${rows.length} rows instead of 1`) : judge(first)
}

export const equal = (what: string, saw: unknown, expected: unknown): Verdict =>
  JSON.stringify(saw) === JSON.stringify(expected)
    ? right
    : wrong(`${what} is ${JSON.stringify(saw)} instead of ${JSON.stringify(expected)}`)

/** The first verdict that is not `right`. */
export const all = (...verdicts: ReadonlyArray<Verdict>): Verdict =>
  verdicts.find((verdict) => verdict._tag !== "right") ?? right

export const when = (holds: boolean, otherwise: string): Verdict => holds ? right : wrong(otherwise)
