/** Routes a SCIM request to what answers it. Everything here is synchronous: the directory is in memory. */
import * as Result from "effect/Result"
import type { Profile } from "../Profile.ts"
import * as ScimFailure from "../ScimFailure.ts"
import * as Bulk from "./Bulk.ts"
import * as Discovery from "./Discovery.ts"
import type { FaultBoard, Target } from "./FaultBoard.ts"
import { isJsonObject, type JsonObject, parse } from "./Json.ts"
import * as Listing from "./Listing.ts"
import * as Patch from "./Patch.ts"
import * as Projection from "./Projection.ts"
import { Provider } from "./Provider.ts"
import * as Reply from "./Reply.ts"
import { definitions, type ResourceKind } from "./Schemas.ts"
import type { Row, Store } from "./Store.ts"

export interface Request {
  readonly method: string
  /** Below the base URL, beginning with a slash, not yet decoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly header: (name: string) => string | undefined
  readonly body: Buffer
}

const refusal = (status: number, detail: string, scimType?: string): Reply.Reply =>
  Reply.failure(ScimFailure.make(status, detail, scimType))

const notAllowed = (allow: string): Reply.Reply =>
  Reply.failure(ScimFailure.make(405, `Only ${allow} is allowed here`), { allow })

const kinds: { readonly [endpoint: string]: ResourceKind } = { Users: "User", Groups: "Group" }

const decoded = (segment: string): string | undefined =>
  Result.getOrUndefined(Result.try({ try: () => decodeURIComponent(segment), catch: (cause) => cause }))

export class Endpoint {
  readonly #baseUrl: string
  readonly #store: Store
  readonly #profile: Profile
  readonly #faults: FaultBoard
  readonly #provider: Provider
  readonly #context: Listing.Context

  constructor(baseUrl: string, context: Listing.Context) {
    this.#baseUrl = baseUrl
    this.#store = context.store
    this.#profile = context.profile
    this.#faults = context.faults
    this.#provider = new Provider(context.store, context.profile)
    this.#context = context
  }

  get provider(): Provider {
    return this.#provider
  }

  answer(request: Request, target: Target): Reply.Reply {
    const [, first = "", ...rest] = request.path.replace(/\/+$/, "").split("/")
    const kind = kinds[first]
    if (kind !== undefined && rest.length === 0) return this.#collection(kind, request, target)
    if (kind !== undefined && rest.length === 1) {
      const [segment = ""] = rest
      return segment === ".search"
        ? this.#search([kind], request, target)
        : this.#resource(kind, segment, request, target)
    }
    if (first === ".search" && rest.length === 0) return this.#search(["User", "Group"], request, target)
    if (first === "Bulk" && rest.length === 0) return this.#bulk(request, target)
    if (first === "Me") return refusal(501, "/Me is not supported")
    return this.#discovery(first, rest, request) ?? refusal(404, `There is no ${request.path} here`)
  }

  #collection(kind: ResourceKind, request: Request, target: Target): Reply.Reply {
    if (request.method === "GET") {
      return this.#list([kind], Listing.queryOf((name) => request.query.get(name) ?? undefined), target)
    }
    if (request.method !== "POST") return notAllowed("GET, POST")
    const created = Result.flatMap(this.#bodyOf(request), (body) => this.#provider.create(kind, body))
    if (Result.isFailure(created)) return Reply.failure(created.failure)
    const row = created.success
    const withoutId = this.#faults.take("createWithoutId", target) !== undefined
    const headers = this.#faults.take("noLocation", target) === undefined
      ? { location: this.#store.location(row) }
      : undefined
    return this.#shown(row, 201, request, target, headers, withoutId)
  }

  #list(
    kinds: ReadonlyArray<ResourceKind>,
    query: ReturnType<typeof Listing.queryOf>,
    target: Target
  ): Reply.Reply {
    return Result.match(
      Result.flatMap(query, (query) => Listing.list(this.#context, kinds, query, target)),
      { onFailure: (failure) => Reply.failure(failure), onSuccess: (body) => Reply.bytes(200, body) }
    )
  }

  #search(kinds: ReadonlyArray<ResourceKind>, request: Request, target: Target): Reply.Reply {
    if (!this.#profile.search) return refusal(501, "Searching by POST is not supported")
    if (request.method !== "POST") return notAllowed("POST")
    const body = this.#bodyOf(request)
    if (Result.isFailure(body)) return Reply.failure(body.failure)
    const members: JsonObject = isJsonObject(body.success) ? body.success : {}
    return this.#list(kinds, Listing.queryOf((name) => members[name]), target)
  }

  #resource(kind: ResourceKind, segment: string, request: Request, target: Target): Reply.Reply {
    const id = decoded(segment)
    const row = id === undefined ? undefined : this.#store.find(kind, id)
    switch (request.method) {
      case "GET":
      case "PUT":
      case "PATCH":
      case "DELETE":
        break
      default:
        return notAllowed("GET, PUT, PATCH, DELETE")
    }
    if (row === undefined) return refusal(404, `${kind} '${id ?? segment}' not found`)
    const precondition = this.#precondition(row, request)
    if (precondition !== undefined) return precondition
    switch (request.method) {
      case "GET":
        return this.#shown(row, 200, request, target)
      case "PUT":
        return this.#written(
          Result.flatMap(this.#bodyOf(request), (body) => this.#provider.replace(row, body)),
          200,
          request,
          target
        )
      case "PATCH":
        return this.#patch(row, request, target)
      default: {
        if (this.#faults.take("deleteUnsupported", target) !== undefined) return notAllowed("GET, PUT, PATCH")
        return this.#provider.remove(row) ? Reply.empty(204) : refusal(404, `${kind} '${row.id}' not found`)
      }
    }
  }

  #patch(row: Row, request: Request, target: Target): Reply.Reply {
    if (this.#faults.take("patchUnsupported", target) !== undefined) return refusal(501, "PATCH is not supported")
    const status = this.#profile.patchStatus
    const parsed = this.#bodyOf(request)
    if (Result.isSuccess(parsed) && row.kind === "Group") {
      const { adds, removes } = Patch.touchesMembers(parsed.success)
      const ignored = (adds && this.#faults.take("dropGrants", target) !== undefined) ||
        (removes && this.#faults.take("ignoreRevokes", target) !== undefined)
      if (ignored) return this.#written(Result.succeed(row), status, request, target)
    }
    return this.#written(
      Result.flatMap(parsed, (body) => this.#provider.patch(row, body)),
      status,
      request,
      target
    )
  }

  #written(
    result: Result.Result<Row, ScimFailure.ScimFailure>,
    status: number,
    request: Request,
    target: Target
  ): Reply.Reply {
    if (Result.isFailure(result)) return Reply.failure(result.failure)
    // With `attributes` a PATCH answers the resource even where it otherwise would not (RFC 7644 section 3.5.2).
    return status === 204 && !request.query.has("attributes")
      ? Reply.empty(204, this.#etagHeader(result.success))
      : this.#shown(result.success, status === 204 ? 200 : status, request, target)
  }

  #etagHeader(row: Row): Readonly<Record<string, string>> {
    return this.#profile.etag ? { etag: this.#store.etag(row) } : {}
  }

  #shown(
    row: Row,
    status: number,
    request: Request,
    target: Target,
    headers: Readonly<Record<string, string>> = {},
    withoutId = false
  ): Reply.Reply {
    const projection = Listing.projectionOf(request.query)
    const reshape = Listing.membersFault(this.#faults, target, row.kind, false)
    const all = { ...this.#etagHeader(row), ...headers }
    if (projection === undefined && reshape === undefined && !withoutId) {
      return Reply.bytes(status, [this.#store.bytes(row)], all)
    }
    let resource = this.#store.read(row)
    if (reshape !== undefined) resource = reshape(resource)
    if (projection !== undefined) resource = Projection.apply(resource, projection, definitions[row.kind])
    if (withoutId) delete resource["id"]
    return Reply.json(status, resource, all)
  }

  #precondition(row: Row, request: Request): Reply.Reply | undefined {
    if (!this.#profile.etag) return undefined
    const etag = this.#store.etag(row)
    const matches = (header: string): boolean =>
      header.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag.slice(2))
    const ifMatch = request.header("if-match")
    if (ifMatch !== undefined && !matches(ifMatch)) {
      return refusal(412, `The resource has changed; its version is ${etag}`)
    }
    const ifNoneMatch = request.header("if-none-match")
    if (ifNoneMatch !== undefined && matches(ifNoneMatch)) {
      return request.method === "GET" ? Reply.empty(304, { etag }) : refusal(412, `The resource has version ${etag}`)
    }
    return undefined
  }

  #bodyOf(request: Request): Result.Result<unknown, ScimFailure.ScimFailure> {
    const type = request.header("content-type")?.split(";")[0]?.trim().toLowerCase()
    if (type !== undefined && type !== "application/json" && type !== Reply.scimJson) {
      return Result.fail(ScimFailure.make(415, `The content type '${type}' is not supported; use ${Reply.scimJson}`))
    }
    return Result.mapError(
      parse(request.body.toString("utf8")),
      () => ScimFailure.make(400, "The body is not JSON", "invalidSyntax")
    )
  }

  #bulk(request: Request, target: Target): Reply.Reply {
    if (!this.#profile.bulk) return refusal(501, "Bulk is not supported")
    if (request.method !== "POST") return notAllowed("POST")
    if (request.body.length > Discovery.bulkLimits.maxPayloadSize) {
      return refusal(
        413,
        `The size of the bulk operation exceeds maxPayloadSize (${Discovery.bulkLimits.maxPayloadSize})`
      )
    }
    return Result.match(
      Result.flatMap(this.#bodyOf(request), (body) =>
        Bulk.run(body, this.#baseUrl, (operation) =>
          this.answer({
            method: operation.method,
            path: operation.path,
            query: new URLSearchParams(),
            header: (name) => (name === "if-match" ? operation.version : undefined),
            body: Buffer.from(JSON.stringify(operation.data ?? null))
          }, target))),
      { onFailure: (failure) => Reply.failure(failure), onSuccess: (body) => Reply.json(200, body) }
    )
  }

  #discovery(first: string, rest: ReadonlyArray<string>, request: Request): Reply.Reply | undefined {
    const resources = first === "ServiceProviderConfig"
      ? []
      : first === "ResourceTypes"
      ? Discovery.resourceTypes(this.#baseUrl)
      : first === "Schemas"
      ? Discovery.schemas(this.#profile, this.#baseUrl)
      : undefined
    if (resources === undefined || !this.#profile.discovery || rest.length > 1) return undefined
    if (request.method !== "GET") return notAllowed("GET")
    if (request.query.has("filter")) return refusal(403, "Discovery can't be filtered")
    if (first === "ServiceProviderConfig") {
      return rest.length > 0
        ? undefined
        : Reply.json(200, Discovery.serviceProviderConfig(this.#profile, this.#baseUrl))
    }
    const [segment] = rest
    if (segment === undefined) {
      return Reply.json(200, {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        totalResults: resources.length,
        itemsPerPage: resources.length,
        startIndex: 1,
        Resources: resources
      })
    }
    const id = decoded(segment)
    const found = resources.find((resource) => resource["id"] === id)
    return found === undefined ? refusal(404, `There is no ${first} '${id ?? segment}'`) : Reply.json(200, found)
  }
}
