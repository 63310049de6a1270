/**
 * Which connector of a server is meant: the one that `--connector` names, or the only one.
 *
 * @since 0.1.0
 */
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { Connector } from "@access-kit/server-api/Connectors"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ServerSettings } from "../ServerFlags.ts"
import type { Calls } from "./Calls.ts"

const OPERATION = "connectors list"

const listed = (connectors: ReadonlyArray<Connector>): string =>
  connectors.map(({ id, name }) => `${JSON.stringify(name)} (id ${id})`).join(", ")

/**
 * @since 0.1.0
 */
export const find = Effect.fn("ChosenConnector.find")(function*(calls: Calls, settings: ServerSettings) {
  const client = yield* ServerClient
  const all = yield* calls.list(OPERATION, (query) => client.connectors.list({ query }))
  if (all.length === 0) {
    return yield* ConnectorError.make(
      OPERATION,
      new ConnectorError.NotFound({
        resourceType: "connector",
        key: "",
        message: `The server at ${calls.address} has no connector yet. Add one first.`
      })
    )
  }
  const [only, ...others] = all
  if (Option.isNone(settings.connector)) {
    if (only !== undefined && others.length === 0) return only
    return yield* ConnectorError.make(
      OPERATION,
      new ConnectorError.InvalidConfiguration({
        field: "connector",
        message: `The server at ${calls.address} has ${all.length} connectors. Say which with --connector: ${
          listed(all)
        }.`
      })
    )
  }
  const wanted = settings.connector.value
  const found = all.find(({ id }) => id === wanted)
  if (found !== undefined) return found
  const exact = all.filter(({ name }) => name === wanted)
  const named = exact.length > 0
    ? exact
    : all.filter(({ name }) => name.toLowerCase() === wanted.trim().toLowerCase())
  const [first, ...more] = named
  if (first === undefined) {
    return yield* ConnectorError.make(
      OPERATION,
      new ConnectorError.NotFound({
        resourceType: "connector",
        key: wanted,
        message: `The server at ${calls.address} has no connector ${JSON.stringify(wanted)}. It has: ${listed(all)}.`
      })
    )
  }
  if (more.length > 0) {
    return yield* ConnectorError.make(
      OPERATION,
      new ConnectorError.Ambiguous({
        resourceType: "connector",
        key: wanted,
        matches: named.map(({ id }) => id),
        message: `${JSON.stringify(wanted)} fits ${named.length} connectors: ${listed(named)}. Use the id.`
      })
    )
  }
  return first
})
