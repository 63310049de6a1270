/** The rules of writing: what a service provider checks and does when users and groups are created, changed and deleted. */
import * as Result from "effect/Result"
import type { Profile } from "../Profile.ts"
import * as ScimFailure from "../ScimFailure.ts"
import * as Conform from "./Conform.ts"
import { isJsonObject, type JsonObject, objectsOf, stringOf } from "./Json.ts"
import * as Patch from "./Patch.ts"
import { definitions, type ResourceKind } from "./Schemas.ts"
import type { Row, Store } from "./Store.ts"

type Written<A> = Result.Result<A, ScimFailure.ScimFailure>
type Write = "create" | "replace" | "patch"

const refuse = (
  status: number,
  detail: string,
  scimType?: string
): Result.Result<never, ScimFailure.ScimFailure> => Result.fail(ScimFailure.make(status, detail, scimType))

/** Good enough to tell an address from a login name; no server judges addresses by RFC 5322. */
const isAddress = (text: string): boolean => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)

const isBlank = (value: unknown): boolean => (stringOf(value) ?? "").trim() === ""

export class Provider {
  readonly #store: Store
  readonly #profile: Profile

  constructor(store: Store, profile: Profile) {
    this.#store = store
    this.#profile = profile
  }

  create(kind: ResourceKind, body: unknown): Written<Row> {
    const schemas = this.#requireSchemas(kind, body)
    if (Result.isFailure(schemas)) return Result.fail(schemas.failure)
    const conformed = this.#conform(kind, body, "create")
    if (Result.isFailure(conformed)) return Result.fail(conformed.failure)
    const content = conformed.success
    return kind === "User" ? this.#createUser(content) : this.#createGroup(content)
  }

  replace(row: Row, body: unknown): Written<Row> {
    const schemas = this.#requireSchemas(row.kind, body)
    if (Result.isFailure(schemas)) return Result.fail(schemas.failure)
    return Result.flatMap(this.#conform(row.kind, body, "replace"), (content) => this.#write(row, content, "replace"))
  }

  patch(row: Row, body: unknown): Written<Row> {
    const definition = definitions[row.kind]
    return Result.flatMap(
      Patch.apply(body, this.#store.read(row), definition, this.#profile.patch),
      (patched) =>
        Result.flatMap(
          this.#conform(row.kind, patched, "patch"),
          (content) => this.#write(row, content, "patch")
        )
    )
  }

  /** False where the resource was deleted before and only its row is left. */
  remove(row: Row): boolean {
    if (row.deleted) return false
    if (row.kind === "User" && this.#profile.onDelete === "deactivate") {
      this.#store.update(row, { ...this.#store.content(row), active: false })
      row.deleted = true
    } else {
      this.#store.remove(row)
    }
    return true
  }

  #conform(kind: ResourceKind, body: unknown, write: Write): Written<JsonObject> {
    return Conform.conform(body, definitions[kind], Conform.policyOf(this.#profile, write))
  }

  #requireSchemas(kind: ResourceKind, body: unknown): Written<void> {
    if (!this.#profile.requireSchemas || !isJsonObject(body)) return Result.succeed(undefined)
    const { schemas } = body
    const wanted = definitions[kind].schema.id.toLowerCase()
    return Array.isArray(schemas) && schemas.some((schema) => stringOf(schema)?.toLowerCase() === wanted)
      ? Result.succeed(undefined)
      : refuse(400, `'schemas' has to contain ${definitions[kind].schema.id}`, "invalidSyntax")
  }

  #createUser(content: JsonObject): Written<Row> {
    const store = this.#store
    const userName = stringOf(content["userName"]) ?? ""
    const complete = this.#completeUser(content, "create", undefined)
    if (Result.isFailure(complete)) {
      if (this.#profile.holdRejectedUsers && !isBlank(userName)) store.hold(userName)
      return Result.fail(complete.failure)
    }
    if (complete.success["active"] === false && this.#profile.createInactive === "reject") {
      return Result.fail(new ScimFailure.ScimFailure({ status: 400, detail: "Bad Request", format: "other" }))
    }
    const retained = this.#profile.onRecreate === "revive"
      ? store.named("User", userName).find((row) => row.deleted)
      : undefined
    const free = this.#userIsFree(complete.success, retained)
    if (Result.isFailure(free)) return Result.fail(free.failure)
    if (retained !== undefined) {
      store.update(retained, complete.success)
      retained.deleted = false
      return Result.succeed(retained)
    }
    const id = store.release(userName)
    return Result.succeed(store.insert("User", complete.success, id === undefined ? {} : { id }))
  }

  #createGroup(content: JsonObject): Written<Row> {
    const complete = this.#completeGroup(content, "create")
    if (Result.isFailure(complete)) return Result.fail(complete.failure)
    const identity = stringOf(content["externalId"]) ?? stringOf(content["displayName"]) ?? ""
    if (this.#profile.uniqueGroups && this.#store.groupIdentifiedBy(identity) !== undefined) {
      return this.#conflict(`Another group already exists with this ID '${identity}'`)
    }
    return Result.succeed(this.#store.insert("Group", complete.success))
  }

  #write(row: Row, content: JsonObject, write: Write): Written<Row> {
    const complete = row.kind === "User"
      ? Result.flatMap(this.#completeUser(content, write, row), (user) => this.#userIsFree(user, row))
      : this.#completeGroup(content, write)
    return Result.map(complete, (finished) => {
      this.#store.update(row, finished)
      if (row.active) row.deleted = false
      return row
    })
  }

  #missing(detail: string, write: Write): Result.Result<never, ScimFailure.ScimFailure> {
    return refuse(400, detail, write === "create" ? "invalidValue" : this.#profile.replaceScimType)
  }

  #conflict(detail: string): Result.Result<never, ScimFailure.ScimFailure> {
    return refuse(409, detail, this.#profile.conflictScimType)
  }

  #completeUser(content: JsonObject, write: Write, row: Row | undefined): Written<JsonObject> {
    const userName = stringOf(content["userName"]) ?? ""
    if (isBlank(userName)) return this.#missing("'userName' is required", write)
    let user = content
    if (this.#profile.requireEmail && objectsOf(content["emails"]).every((email) => isBlank(email["value"]))) {
      if (!isAddress(userName)) return this.#missing("Required attributes missing: emails", write)
      user = { ...user, emails: [{ primary: true, type: "work", value: userName }] }
    }
    if (this.#profile.defaultActive && write !== "patch" && user["active"] === undefined) {
      user = { ...user, active: row?.active ?? true }
    }
    return Result.succeed(user)
  }

  #userIsFree(content: JsonObject, self: Row | undefined): Written<JsonObject> {
    const userName = stringOf(content["userName"]) ?? ""
    if (this.#store.named("User", userName).some((row) => row !== self)) {
      return this.#conflict(`Another user already exists with this username '${userName}'`)
    }
    if (this.#profile.uniqueActiveEmails && content["active"] !== false) {
      for (const email of objectsOf(content["emails"])) {
        const value = stringOf(email["value"]) ?? ""
        if (!isBlank(value) && this.#store.withEmail(value).some((row) => row !== self)) {
          return this.#conflict(`Another user already exists with this email '${value}'`)
        }
      }
    }
    return Result.succeed(content)
  }

  #completeGroup(content: JsonObject, write: Write): Written<JsonObject> {
    if (isBlank(content["displayName"])) return this.#missing("'displayName' is required", write)
    const { members } = content
    if (!Array.isArray(members)) return Result.succeed(content)
    const kept: Array<JsonObject> = []
    for (const [at, member] of objectsOf(members).entries()) {
      const id = stringOf(member["value"]) ?? ""
      if (id === "") return refuse(400, `'members.${at}.value' is expected a non-empty string`, "invalidSyntax")
      const known = this.#store.find("User", id) !== undefined ||
        (this.#profile.nestedGroups && this.#store.find("Group", id) !== undefined)
      if (known || this.#profile.onUnknownMember === "keep") kept.push(member)
      else if (this.#profile.onUnknownMember === "reject") {
        return refuse(400, `The member '${id}' does not exist`, "invalidValue")
      }
    }
    return Result.succeed({ ...content, members: kept })
  }
}
