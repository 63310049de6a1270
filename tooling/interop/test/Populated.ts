/**
 * scim2-server with people in it.
 */
import { Dialect, type Group, Patch } from "@access-kit/scim-core"
import { expect } from "@effect/vitest"
import { Effect } from "effect"
import * as Scim2Server from "../src/Scim2Server.ts"
import { connect } from "./connect.ts"

export const person = (number: number) => ({
  userName: `person${String(number).padStart(3, "0")}@aurora.example`,
  name: { givenName: `Žofie ${number}`, familyName: "O'Brien \"Óg\"" },
  displayName: `人 ${number}`,
  emails: [{ value: `person${String(number).padStart(3, "0")}@aurora.example`, primary: true, type: "work" }],
  active: number % 5 !== 0
})

export const memberIds = (group: Group.Group): ReadonlyArray<string> => {
  const { members } = group
  if (members._tag === "Unknown") return []
  expect(members.unreadable).toBe(0)
  return members.members.map((member) => member.value).sort()
}

export const patched = (...operations: ReadonlyArray<Patch.Operation>) => Effect.fromResult(Patch.make(operations))

/** A client that puts at most so many values into one PATCH. */
export const inParts = (server: Scim2Server.Scim2Server, maxPatchValues: number) =>
  connect(server, { dialect: { ...Dialect.standard, maxPatchValues } })

type Config = Parameters<typeof Scim2Server.start>[1]

/** `bin` is the folder of the virtual environment's commands. */
export const of = (bin: string) => {
  const started = (config?: Config, options?: Parameters<typeof connect>[1]) =>
    Effect.gen(function*() {
      const server = yield* Scim2Server.start(bin, config)
      return { server, scim: yield* connect(server, options) }
    })

  const populated = Effect.fnUntraced(function*(people: number, config?: Config) {
    const { scim, server } = yield* started(config, { pageSize: 20 })
    const users = yield* Effect.forEach(
      Array.from({ length: people }, (_, at) => person(at + 1)),
      (user) => scim.users.create(user),
      { concurrency: 8 }
    )
    return { scim, server, users, ids: users.map((user) => user.id).sort() }
  })

  return { started, populated }
}
