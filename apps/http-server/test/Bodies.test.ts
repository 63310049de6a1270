/**
 * Answers that are never encoded, since they are stored as what is sent, say what their schemas would.
 */
import * as Model from "@access-kit/server-api/Directory"
import * as Paging from "@access-kit/server-api/Paging"
import { assert } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Directory, type Encoded } from "../src/Directory.ts"
import { fresh, onEachDatabase, temporaryDirectory } from "./Databases.ts"
import { account, connector, group, member, membership, people, write } from "./SnapshotFile.ts"

const C = "2mCONNECTOR0000000000000000"

/** What the schema makes of the answer again: the same text, so nothing of it is missing, in another place or written another way. */
const equalsItsSchema = <A, I>(schema: Schema.Codec<A, I>, answer: Encoded) => {
  const text = Buffer.from(answer.body).toString("utf8")
  const json = Schema.fromJsonString(schema)
  assert.deepStrictEqual(JSON.parse(Schema.encodeSync(json)(Schema.decodeSync(json)(text))), JSON.parse(text))
  assert.match(answer.etag, /^"[\w-]{27}"$/)
}

onEachDatabase("Bodies", (it) => {
  it.effect("that the database puts together are what the schema encodes", () =>
    Effect.gen(function*() {
      yield* connector(C)
      const strange = "quote\" back\\slash tab\t ünï 王伟 \u2028"
      const records = [
        ...people([
          account("a", { displayName: strange, profile: { note: strange, deep: { list: [1, null, true] } } }),
          account(strange),
          account("z", { status: "disabled", emails: [] })
        ]),
        group("g", [membership("g", "a"), membership("g", strange)], strange),
        group("h", [], "Nobody")
      ]
      const directory = yield* Directory
      const { path } = yield* write(yield* temporaryDirectory, "s1", records)
      yield* directory.load(C, "s1", path)
      equalsItsSchema(Paging.page(Model.Account), yield* directory.accounts(C, {}, {}))
      equalsItsSchema(Paging.page(Model.Account), yield* directory.accounts(C, {}, { limit: 1 }))
      equalsItsSchema(Paging.page(Model.Account), yield* directory.accounts(C, { search: "quote" }, {}))
      equalsItsSchema(Paging.page(Model.Group), yield* directory.groups(C, {}, {}))
      equalsItsSchema(Paging.page(Model.Entitlement), yield* directory.entitlements(C, {}, {}))
      equalsItsSchema(Paging.page(Model.Entitlement), yield* directory.entitlements(C, { resourceId: "g" }, {}))
      equalsItsSchema(Paging.page(Model.Grant), yield* directory.grants(C, {}, {}))
      equalsItsSchema(Paging.page(Model.Grant), yield* directory.grants(C, { principalId: strange }, { limit: 1 }))
      equalsItsSchema(Model.Account, yield* directory.account(C, strange))
      equalsItsSchema(Model.Group, yield* directory.group(C, "g"))
      equalsItsSchema(Model.Entitlement, yield* directory.entitlement(C, member("g")))
      equalsItsSchema(Model.Grant, yield* directory.grant(C, membership("g", strange).id))
      equalsItsSchema(Model.Access, yield* directory.access(C, "a"))
      // One by one, and all at once: the same rows in the same words.
      const decode = Schema.decodeUnknownSync(
        Schema.fromJsonString(Schema.Struct({ items: Schema.Array(Schema.Json) }))
      )
      const all = decode(Buffer.from((yield* directory.grants(C, {}, {})).body).toString("utf8")).items
      for (const [at, id] of [membership("g", "a").id, membership("g", strange).id].entries()) {
        assert.deepStrictEqual(JSON.parse(Buffer.from((yield* directory.grant(C, id)).body).toString("utf8")), all[at])
      }
    }).pipe(Effect.provide(Directory.layer().pipe(Layer.provideMerge(fresh)))))
})
