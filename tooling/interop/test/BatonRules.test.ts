/**
 * The rules that messages carry, held against those that the Go SDK has compiled into its own: each message of the protocol in many forms, most of them at
 * the edge of a rule, is good or bad for both.
 */
import * as Registry from "@access-kit/baton-protocol/Registry"
import * as RuleCheck from "@access-kit/baton-protocol/RuleCheck"
import { create, type DescField, type DescMessage, type Message, ScalarType, toBinary } from "@bufbuild/protobuf"
import { reflect } from "@bufbuild/protobuf/reflect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { beforeAll } from "vitest"
import * as GoSdk from "./GoSdk.ts"
import { needing } from "./needing.ts"

const PACKAGES = [
  "c1.connector.v2.",
  "c1.connectorapi.baton.v1.",
  "c1.ratelimit.v1.",
  "c1.connector_wrapper.v1.",
  "c1.utls.v1."
]

const types = [...Registry.registry].filter((each): each is DescMessage =>
  each.kind === "message" && PACKAGES.some((name) => each.typeName.startsWith(name))
)

const TEXTS = [
  "",
  "a",
  "user",
  "é".repeat(27),
  "2ZkGCAnVb6tZcJ3YQ8XHsN0pLwE",
  "2ZkGCAnVb6tZcJ3YQ8XHsN0pLw!",
  "https://example.com/a",
  "http://example.com",
  "not a uri",
  "jane@example.com",
  "Jane <jane@example.com>",
  "jane@",
  "1a",
  ...[64, 65, 128, 129, 256, 257, 512, 513, 1024, 1025, 2048, 2049, 4096, 4097].map((length) => "a".repeat(length)),
  "é".repeat(512),
  "é".repeat(513)
]

const NUMBERS = [0, 1, 7, 8, 64, 65, 100, 101, 250, 251, 1000, 1001, 65_535, 65_536]

const LENGTHS = [0, 1, 31, 32, 33, 64, 1_048_576, 1_048_577]

const scalars = (type: ScalarType): ReadonlyArray<unknown> => {
  switch (type) {
    case ScalarType.STRING:
      return TEXTS
    case ScalarType.BYTES:
      return LENGTHS.map((length) => new Uint8Array(length))
    case ScalarType.BOOL:
      return [false, true]
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return NUMBERS.map(BigInt)
    default:
      return NUMBERS
  }
}

const plausible = (field: DescField, depth: number): unknown => {
  switch (field.fieldKind) {
    case "message":
      return reflect(field.message, filled(field.message, depth + 1))
    case "scalar":
      return field.scalar === ScalarType.STRING
        ? /url|uri|icon/.test(field.name)
          ? "https://example.com/a"
          : /email|address/.test(field.name)
          ? "jane@example.com"
          : /sync_id|task_id/.test(field.name)
          ? "2ZkGCAnVb6tZcJ3YQ8XHsN0pLwE"
          : "user"
        : scalars(field.scalar)[1]
    default:
      return undefined
  }
}

/** A message that has something in every field down to a depth, and of a oneof its first. */
const filled = (type: DescMessage, depth: number): Message => {
  const message = create(type)
  if (type.typeName.startsWith("google.")) return message
  const reflected = reflect(type, message)
  for (const field of type.fields) {
    if (field.oneof !== undefined && field.oneof.fields[0] !== field) continue
    if (field.fieldKind === "message" && depth >= 3) continue
    const value = plausible(field, depth)
    if (value !== undefined) reflected.set(field, value as never)
  }
  return message
}

/** The message with one field in each of its forms. */
function* forms(type: DescMessage): Generator<Message> {
  yield create(type)
  yield filled(type, 0)
  for (const field of type.fields) {
    const changed = (change: (message: ReturnType<typeof reflect>) => void): Message => {
      const message = filled(type, 0)
      change(reflect(type, message))
      return message
    }
    yield changed((message) => message.clear(field))
    if (field.fieldKind === "scalar") {
      for (const value of scalars(field.scalar)) yield changed((message) => message.set(field, value as never))
    } else if (field.fieldKind === "enum") {
      for (const value of [0, 1, 2, 99]) yield changed((message) => message.set(field, value))
    } else if (field.fieldKind === "message") {
      yield changed((message) => message.set(field, reflect(field.message, create(field.message)) as never))
    } else if (field.fieldKind === "list") {
      const { listKind } = field
      const items: ReadonlyArray<unknown> = listKind === "scalar"
        ? scalars(field.scalar)
        : listKind === "enum"
        ? [0, 99]
        : [reflect(field.message, create(field.message)), reflect(field.message, filled(field.message, 1))]
      for (const item of items) yield changed((message) => message.get(field).add(item as never))
      const [, ordinary] = items
      for (const size of [2, 16, 17, 50, 51, 100, 101, 200, 201]) {
        yield changed((message) => {
          for (let at = 0; at < size; at++) {
            message.get(field).add((typeof ordinary === "string" ? `${ordinary}${at}` : ordinary) as never)
          }
        })
      }
    }
  }
}

needing("baton", "the rules of messages", () => {
  beforeAll(GoSdk.build, 600_000)

  it.live("are those of the Go SDK", () =>
    Effect.gen(function*() {
      expect(types.length).toBeGreaterThan(200)
      const cases = types.flatMap((type) => [...forms(type)].map((message) => ({ type, message })))
      const lines = cases.map(({ message, type }) =>
        JSON.stringify({ type: type.typeName, data: Buffer.from(toBinary(type, message)).toString("base64") })
      )
      const { stdout } = yield* GoSdk.go("validate", [], {}, { input: `${lines.join("\n")}\n` })
      const verdicts = stdout.trimEnd().split("\n")
      expect(verdicts.length).toBe(cases.length)
      const differing = cases.flatMap(({ message, type }, at) => {
        const ours = RuleCheck.check(type, message)
        const theirs = verdicts[at]
        return (ours === undefined) === (theirs === "ok") ? [] : [{ type: type.typeName, ours, theirs }]
      })
      expect(differing).toEqual([])
      // The instrument itself: both verdicts are common.
      const good = verdicts.filter((verdict) => verdict === "ok").length
      expect(Math.min(good, verdicts.length - good)).toBeGreaterThan(1_000)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
