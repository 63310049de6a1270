import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { derive, generateKey, parseKeys, SecretBox, type SecretKeys } from "../src/SecretBox.ts"

const keysOf = (...words: ReadonlyArray<Redacted.Redacted<string>>) =>
  parseKeys(Redacted.make(words.map((word) => Redacted.value(word)).join("\n")))

const withKeys = (keys: SecretKeys) => Effect.provide(SecretBox.layer(keys))

const PLACE = "connector/1/scim-token"

describe("SecretBox", () => {
  it.effect("gives back what it has sealed, at the same place only, and never the same text twice", () =>
    Effect.gen(function*() {
      const box = yield* SecretBox
      const plain = Redacted.make("sk-ä-🔑")
      const sealed = yield* box.seal(PLACE, plain)
      assert.strictEqual(Redacted.value(yield* box.open(PLACE, sealed)), "sk-ä-🔑")
      assert.notStrictEqual(yield* box.seal(PLACE, plain), sealed)
      assert.notInclude(Buffer.from(sealed.split(".")[2] ?? "", "base64url").toString("latin1"), "sk-")
      const moved = yield* Effect.flip(box.open("connector/2/scim-token", sealed))
      assert.match(moved.detail ?? "", /can't be read\. Enter it again/)
    }).pipe((self) =>
      Effect.flatMap(Effect.flatMap(generateKey, (key) => keysOf(key)), (keys) => withKeys(keys)(self))
    ))

  it.effect("tells a value that was changed, in any of its parts", () =>
    Effect.gen(function*() {
      const keys = yield* keysOf(yield* generateKey)
      const box = yield* Effect.service(SecretBox).pipe(withKeys(keys))
      const sealed = yield* box.seal(PLACE, Redacted.make("secret"))
      const [version, id, body = ""] = sealed.split(".")
      const bytes = Buffer.from(body, "base64url")
      for (let index = 0; index < bytes.length; index++) {
        const other = Buffer.from(bytes)
        other[index] = (other[index] ?? 0) ^ 1
        yield* Effect.flip(box.open(PLACE, `${version}.${id}.${other.toString("base64url")}`))
      }
      for (
        const other of ["", "v1", `v2.${id}.${body}`, `${version}.00000000.${body}`, `${sealed}.x`, `${version}.${id}.`]
      ) {
        yield* Effect.flip(box.open(PLACE, other))
      }
    }))

  it.effect("opens with every key it has, seals with the first, and knows what is to be sealed again", () =>
    Effect.gen(function*() {
      const [before, after] = [yield* generateKey, yield* generateKey]
      const old = yield* Effect.service(SecretBox).pipe(withKeys(yield* keysOf(before)))
      const both = yield* Effect.service(SecretBox).pipe(withKeys(yield* keysOf(after, before)))
      const next = yield* Effect.service(SecretBox).pipe(withKeys(yield* keysOf(after)))
      const sealed = yield* old.seal(PLACE, Redacted.make("secret"))
      assert.isFalse(old.isStale(sealed))
      assert.isTrue(both.isStale(sealed))
      const again = yield* both.seal(PLACE, yield* both.open(PLACE, sealed))
      assert.isFalse(both.isStale(again))
      assert.strictEqual(Redacted.value(yield* next.open(PLACE, again)), "secret")
      assert.match((yield* Effect.flip(next.open(PLACE, sealed))).detail ?? "", /configure the key/)
    }))

  it.effect("reads keys in both forms, and repeats none in what it says about a bad one", () =>
    Effect.gen(function*() {
      const hex = "ab".repeat(32)
      const [first] = yield* parseKeys(Redacted.make(`# the key of 2026\n\n ${hex} \n`))
      assert.strictEqual(Buffer.from(Redacted.value(first.bytes)).toString("hex"), hex)
      const [same] = yield* parseKeys(Redacted.make(Buffer.from(hex, "hex").toString("base64url")))
      assert.strictEqual(same.id, first.id)
      const wrong = yield* Effect.flip(parseKeys(Redacted.make(`${hex},tooshort`)))
      assert.match(wrong.message, /number 2 is not 32 bytes.*openssl rand -base64 32/)
      assert.notInclude(wrong.message, "tooshort")
      assert.match((yield* Effect.flip(parseKeys(Redacted.make("# nothing")))).message, /There is no secret key/)
    }))

  it.effect("derives a secret for another purpose that says nothing about the key", () =>
    Effect.gen(function*() {
      const keys = yield* keysOf(yield* generateKey, yield* generateKey)
      const secrets = derive(keys, "runner").map((secret) => Redacted.value(secret))
      assert.strictEqual(
        new Set([...secrets, ...derive(keys, "other").map((secret) => Redacted.value(secret))]).size,
        4
      )
      assert.deepStrictEqual(derive(keys, "runner").map((secret) => Redacted.value(secret)), secrets)
    }))

  it.effect("prints no key", () =>
    Effect.gen(function*() {
      const text = yield* generateKey
      const keys = yield* keysOf(text)
      assert.notInclude(JSON.stringify(keys), Redacted.value(text))
      assert.notInclude(String(yield* Layer.build(SecretBox.layer(keys))), Redacted.value(text))
    }))
})
