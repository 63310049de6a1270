/**
 * From what a person types to the one resource that is meant.
 *
 * @since 0.1.0
 */
import type { ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { Resource } from "@access-kit/connector-model/Resource"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Text from "./Text.ts"

/**
 * What a type is called on the command line.
 *
 * @since 0.1.0
 */
export type Noun = "account" | "group"

/** An ambiguous name can fit thousands; a message is for reading. */
const shown = 10

/**
 * @since 0.1.0
 */
export const describe = (resource: Resource): string =>
  Text.printable(
    resource._tag === "Account" && resource.login !== resource.displayName
      ? `${resource.displayName} <${resource.login}>`
      : resource.displayName
  )

/**
 * The one resource that `text` means: by id, login, e-mail address or display name. Fails with `NotFound`, or with `Ambiguous` and the
 * names of those that fit.
 *
 * @since 0.1.0
 */
export const one = Effect.fn("Lookup.one")(function*(handler: ResourceTypeHandler, noun: Noun, text: string) {
  const found = yield* handler.find(text)
  // An id is the one name that nobody can choose, so it decides.
  const [only, ...others] = found.some((resource) => resource.id.resource === text)
    ? found.filter((resource) => resource.id.resource === text)
    : found
  if (only === undefined) {
    return yield* ConnectorError.make(
      `${noun}s get`,
      new ConnectorError.NotFound({
        resourceType: noun,
        key: text,
        message: `There is no ${noun} ${JSON.stringify(text)}. An id, ${
          noun === "account" ? "an e-mail address or a display name" : "or a display name"
        } has to fit exactly; to look around: claude-enterprise ${noun}s list --search TEXT`
      })
    )
  }
  if (others.length > 0) {
    const all = [only, ...others]
    const names = all.slice(0, shown).map((resource) => `${describe(resource)} (id ${resource.id.resource})`)
    if (all.length > shown) names.push(`and ${all.length - shown} more`)
    return yield* ConnectorError.make(
      `${noun}s get`,
      new ConnectorError.Ambiguous({
        resourceType: noun,
        key: text,
        matches: all.map((resource) => resource.id.resource),
        message: `${JSON.stringify(text)} fits ${all.length} ${noun}s: ${names.join("; ")}. Use the id.`
      })
    )
  }
  return only
})

/**
 * All of several, each once and in the order given. If any of them can't be found, none is answered and the error names all that are at
 * fault, so that a list with a mistake in it changes nothing.
 *
 * @since 0.1.0
 */
export const all = Effect.fn("Lookup.all")(function*(
  handler: ResourceTypeHandler,
  noun: Noun,
  texts: ReadonlyArray<string>
) {
  const looked = yield* Effect.forEach(
    texts,
    (text) => Effect.map(Effect.result(one(handler, noun, text)), (result) => ({ text, result })),
    { concurrency: 4 }
  )
  const faults: Array<ConnectorError.ConnectorError> = []
  const found = new Map<string, { readonly given: string; readonly resource: Resource }>()
  for (const { text, result } of looked) {
    if (Result.isFailure(result)) faults.push(result.failure)
    else if (!found.has(result.success.id.resource)) {
      found.set(result.success.id.resource, { given: text, resource: result.success })
    }
  }
  const [first, ...others] = faults
  if (first !== undefined) {
    return yield* others.length === 0
      ? first
      : ConnectorError.make(
        first.operation,
        new ConnectorError.NotFound({
          resourceType: noun,
          key: texts.join(", "),
          message: `${faults.length} of ${texts.length} can't be settled, so nothing was done: ${
            faults.map((fault) => fault.message).join(" ")
          }`
        })
      )
  }
  return [...found.values()]
})
