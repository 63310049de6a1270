/** JSON from protobuf bytes, in both ways of making it: beside protobuf-es for messages as writers make them, beside each other for any bytes. */
import {
  GroupTraitSchema,
  ResourceSchema,
  UserTrait_EmailSchema,
  UserTrait_StatusSchema,
  UserTraitSchema
} from "@access-kit/baton-protocol/ConnectorV2"
import { registry } from "@access-kit/baton-protocol/Registry"
import { create, type JsonObject, toBinary, toJson } from "@bufbuild/protobuf"
import { anyPack, AnySchema, TimestampSchema } from "@bufbuild/protobuf/wkt"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { JsonBytes } from "../src/internal/JsonBytes.ts"
import * as ProtoJson from "../src/internal/ProtoJson.ts"
import { encode } from "../src/internal/ProtoJsonBytes.ts"

const written = (bytes: Uint8Array): string => {
  const out = new JsonBytes()
  out.text("before")
  encode(out, ResourceSchema, bytes)
  const text = out.buffer.toString("utf8", 0, out.length)
  assert.isTrue(text.startsWith("before{"))
  return text.slice("before".length)
}

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.constantFrom(
    "",
    "plain",
    "q\"uote",
    "back\\slash",
    "line\nfeed",
    "\u0000\u001f\u007f",
    "ü日\u{1f600}",
    "x".repeat(200)
  )
)

const struct: fc.Arbitrary<JsonObject> = fc.dictionary(text, fc.jsonValue({ maxDepth: 3 })).map((value) =>
  // JSON has no -0.
  JSON.parse(JSON.stringify(value))
)

const time = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) =>
  create(TimestampSchema, { seconds: BigInt(seconds), nanos: seconds % 1000 * 1_000_000 })
)

const user = fc.record({
  login: text,
  emails: fc.array(fc.record({ address: text, isPrimary: fc.boolean() }), { maxLength: 3 }),
  status: fc.record({ status: fc.integer({ min: 0, max: 5 }), details: text }),
  accountType: fc.integer({ min: 0, max: 4 }),
  employeeIds: fc.array(text, { maxLength: 3 }),
  createdAt: time
}).chain(({ createdAt, emails, status, ...fields }) =>
  fc.option(struct).map((profile) => {
    const trait = create(UserTraitSchema)
    Object.assign(trait, fields)
    trait.createdAt = createdAt
    trait.emails = emails.map((email) => create(UserTrait_EmailSchema, email))
    trait.status = create(UserTrait_StatusSchema)
    Object.assign(trait.status, status)
    if (profile !== null) trait.profile = profile
    return anyPack(UserTraitSchema, trait)
  })
)

const annotation = fc.oneof(
  user,
  struct.map((profile) => anyPack(GroupTraitSchema, create(GroupTraitSchema, { profile }))),
  fc.constant(create(AnySchema, { typeUrl: "type.googleapis.com/nobody.knows.This", value: Buffer.of(8, 1) })),
  time.map((value) => anyPack(TimestampSchema, value))
)

const resource = fc.record({
  id: fc.record({ resourceType: text, resource: text }),
  displayName: text,
  description: text,
  annotations: fc.array(annotation, { maxLength: 3 }),
  batonResource: fc.boolean(),
  createdAt: time
}).map((fields) => toBinary(ResourceSchema, create(ResourceSchema, fields)))

describe("ProtoJsonBytes", () => {
  it("says what protobuf-es says: property", () => {
    fc.assert(
      fc.property(resource, (bytes) => {
        const json: unknown = JSON.parse(written(bytes))
        assert.deepStrictEqual(json, JSON.parse(ProtoJson.encode(ResourceSchema, bytes)))
      }),
      { numRuns: 300 }
    )
    const known = fc.record({ id: fc.record({ resourceType: text, resource: text }), displayName: text, user }).map(
      ({ user, ...fields }) => create(ResourceSchema, { ...fields, annotations: [user] })
    )
    fc.assert(
      fc.property(known, (message) => {
        assert.deepStrictEqual(
          JSON.parse(written(toBinary(ResourceSchema, message))),
          JSON.parse(JSON.stringify(toJson(ResourceSchema, message, { registry })))
        )
      }),
      { numRuns: 200 }
    )
  })

  it("says of any bytes what the slower way says, be it that they are no message: property", () => {
    const outcome = (run: () => string): unknown => {
      try {
        return JSON.parse(run())
      } catch (error) {
        return error instanceof SyntaxError ? String(error) : "refused"
      }
    }
    const pieces = fc.array(resource, { minLength: 1, maxLength: 3 })
    const change = fc.record({ at: fc.nat(), bytes: fc.uint8Array({ maxLength: 4 }) })
    fc.assert(
      fc.property(pieces, fc.option(change), (parts, mutation) => {
        // Parts of a message that follow each other are merged.
        const bytes = Buffer.concat(parts)
        if (mutation !== null && bytes.length > 8) bytes.set(mutation.bytes, mutation.at % (bytes.length - 4))
        assert.deepStrictEqual(outcome(() => written(bytes)), outcome(() => ProtoJson.encode(ResourceSchema, bytes)))
      }),
      { numRuns: 500 }
    )
  })

  it("refuses nothing for a damaged part that a later one replaces", () => {
    const trait = toBinary(UserTraitSchema, create(UserTraitSchema, { login: "ada" }))
    const url = Buffer.from("type.googleapis.com/c1.connector.v2.UserTrait")
    // Of an Any: its type, a value that is no message (a tag of a kind that does not exist), its value.
    const any = Buffer.concat([
      Buffer.of(0x0a, url.length),
      url,
      Buffer.of(0x12, 1, 0x0f, 0x12, trait.length),
      trait
    ])
    const id = Buffer.of(0x0a, 0)
    // Annotations are field 4 of Resource.
    const bytes = Buffer.concat([id, Buffer.of(0x22, any.length), any])
    const json: unknown = JSON.parse(written(bytes))
    assert.deepStrictEqual(json, JSON.parse(ProtoJson.encode(ResourceSchema, bytes)))
    assert.deepStrictEqual(json, {
      id: {},
      annotations: [{ "@type": "type.googleapis.com/c1.connector.v2.UserTrait", login: "ada" }]
    })
  })

  it("does not exhaust the stack", () => {
    // A list in a list in a list: ListValue is field 6 of Value, its values field 1.
    let value: Buffer = Buffer.of(0x08, 0)
    const nest = (tag: number, content: Buffer): Buffer => {
      const length: Array<number> = []
      for (let rest = content.length;; rest = Math.floor(rest / 128)) {
        length.push(rest > 127 ? (rest & 0x7f) | 0x80 : rest)
        if (rest <= 127) break
      }
      return Buffer.concat([Buffer.of(tag, ...length), content])
    }
    for (let depth = 0; depth < 5_000; depth++) value = nest(0x32, nest(0x0a, value))
    const entry = Buffer.concat([nest(0x0a, Buffer.from("k")), nest(0x12, value)])
    const bytes = nest(0x4a, nest(0x0a, entry))
    assert.throws(() => written(bytes), /nested too deeply/)
  })
})
