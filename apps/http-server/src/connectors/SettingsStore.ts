/**
 * The settings of connectors in the database: plain ones in the connector's row, secret ones sealed, each bound to where it stands.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { SecretBox } from "../SecretBox.ts"
import { available } from "../storage/Available.ts"
import { type ConnectorRow, settingsJson } from "./ConnectorRow.ts"

/** A secret is bound to where it stands. */
const placeOf = (connectorId: string, name: string): string => `connector/${connectorId}/${name}`

/**
 * @since 0.1.0
 */
export const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const box = yield* SecretBox

  /** All settings as they were written, the secret ones too. */
  const written = Effect.fnUntraced(function*(row: ConnectorRow) {
    const sealed = yield* sql<
      { readonly name: string; readonly sealed: string }
    >`SELECT name, sealed FROM connector_secrets WHERE connector_id = ${row.id}`
    const settings = new Map(Object.entries(Schema.decodeSync(settingsJson)(row.settings)))
    for (const secret of sealed) {
      settings.set(secret.name, Redacted.value(yield* box.open(placeOf(row.id, secret.name), secret.sealed)))
    }
    return settings
  })

  const putSecrets = Effect.fnUntraced(function*(id: string, secrets: ReadonlyMap<string, string>) {
    for (const [name, value] of secrets) {
      const sealed = yield* box.seal(placeOf(id, name), Redacted.make(value, { label: name }))
      yield* sql`INSERT INTO connector_secrets ${sql.insert({ connector_id: id, name, sealed })}
        ON CONFLICT (connector_id, name) DO UPDATE SET sealed = excluded.sealed`
    }
  })

  /** Seals every secret again that was sealed with an older key; answers how many. */
  const reseal = Effect.gen(function*() {
    const rows = yield* sql<
      { readonly connector_id: string; readonly name: string; readonly sealed: string }
    >`SELECT connector_id, name, sealed FROM connector_secrets`
    const stale = rows.filter(({ sealed }) => box.isStale(sealed))
    for (const { connector_id, name, sealed } of stale) {
      const place = placeOf(connector_id, name)
      const again = yield* box.seal(place, yield* box.open(place, sealed))
      // Unless somebody has entered another one meanwhile.
      yield* sql`UPDATE connector_secrets SET sealed = ${again}
        WHERE connector_id = ${connector_id} AND name = ${name} AND sealed = ${sealed}`
    }
    return stale.length
  }).pipe(available("Sealing secrets again"), Effect.withSpan("Connectors.reseal"))

  return { written, putSecrets, reseal }
})
