/**
 * The contract between a source system and everything that runs a connector. A connector author provides one handler per resource
 * type; what the connector can do is read off the handlers (`Capabilities`), so it can't be declared wrongly.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ConfigField } from "./ConfigField.ts"
import * as ConnectorError from "./ConnectorError.ts"
import type { Entitlement } from "./Entitlement.ts"
import type { CreateAccountOutcome, DeleteOutcome, GrantOutcome, RevokeOutcome } from "./Outcome.ts"
import type { ListRequest, Page, ResourceRecord } from "./Page.ts"
import type { Resource, ResourceId } from "./Resource.ts"
import type { ResourceType } from "./ResourceType.ts"
import type { ValidationReport } from "./Validation.ts"

/**
 * What a connector is, apart from what it does.
 *
 * @since 0.1.0
 */
export interface ConnectorSpec {
  /** Kebab case, for example `claude-enterprise`. */
  readonly name: string
  readonly displayName: string
  readonly description: string
  /** Where an operator reads on. Begins with `https://`. */
  readonly helpUrl: string
  /** Without a leading `v`. */
  readonly version: string
  readonly config: ReadonlyArray<ConfigField>
}

/**
 * Whether a change is carried out or only worked out.
 *
 * @since 0.1.0
 */
export interface ChangeOptions {
  /** Read what is needed to say what would happen, and change nothing. */
  readonly dryRun?: boolean
}

/**
 * @since 0.1.0
 */
export interface GrantRequest extends ChangeOptions {
  readonly entitlement: Pick<Entitlement, "id" | "resource" | "slug">
  readonly principal: ResourceId
}

/**
 * @since 0.1.0
 */
export interface CreateAccountRequest extends ChangeOptions {
  readonly email: string
  /** Defaults to the e-mail address. */
  readonly login?: string
  /** Values for the fields of {@link AccountCreation}, by field name. */
  readonly fields: Readonly<Record<string, string>>
}

/**
 * How accounts are made: the fields that the person who asks fills in, and the effect that does it.
 *
 * @since 0.1.0
 */
export interface AccountCreation {
  readonly fields: ReadonlyArray<ConfigField>
  readonly create: (request: CreateAccountRequest) => Effect.Effect<CreateAccountOutcome, ConnectorError.ConnectorError>
}

/**
 * All that a connector does with one type of resource. `list` and `get` are the least; each further member is a capability.
 *
 * @since 0.1.0
 */
export interface ResourceTypeHandler {
  readonly resourceType: ResourceType

  /** One page of the listing. See {@link Page} for concurrency. */
  readonly list: (request: ListRequest) => Effect.Effect<Page<ResourceRecord>, ConnectorError.ConnectorError>

  /** One resource by its id, with everything on it. Fails with `NotFound`. */
  readonly get: (id: string) => Effect.Effect<ResourceRecord, ConnectorError.ConnectorError>

  /**
   * The resources that a person means by `text`: an id, a login, an e-mail address or a display name, compared exactly but without
   * regard to case. Empty when there is none. Entitlements and grants need not be filled in.
   */
  readonly find: (text: string) => Effect.Effect<ReadonlyArray<Resource>, ConnectorError.ConnectorError>

  /** The entitlements that each resource of this type has, as slugs with descriptions. Absent where there are none. */
  readonly entitlements?: ReadonlyArray<Pick<Entitlement, "slug" | "purpose" | "grantableTo">>

  readonly grant?: (request: GrantRequest) => Effect.Effect<GrantOutcome, ConnectorError.ConnectorError>
  readonly revoke?: (request: GrantRequest) => Effect.Effect<RevokeOutcome, ConnectorError.ConnectorError>
  readonly createAccount?: AccountCreation
  readonly delete?: (
    id: string,
    options?: ChangeOptions
  ) => Effect.Effect<DeleteOutcome, ConnectorError.ConnectorError>
}

/**
 * @since 0.1.0
 */
export class Connector extends Context.Service<Connector, {
  readonly spec: ConnectorSpec
  /** Which source this connector reads, without any secret: what a snapshot's origin is compared by. */
  readonly source: string
  /** Cheap and read-only. */
  readonly validate: Effect.Effect<ValidationReport, ConnectorError.ConnectorError>
  /** In the order in which they are shown. A sync reads those with entitlements first. */
  readonly resourceTypes: ReadonlyArray<ResourceTypeHandler>
}>()("@access-kit/connector-model/Connector") {}

/**
 * The handler of a resource type, or the error that says that this connector has none.
 *
 * @since 0.1.0
 */
export const handlerOf = (
  connector: Connector["Service"],
  resourceTypeId: string,
  operation: string
): Effect.Effect<ResourceTypeHandler, ConnectorError.ConnectorError> => {
  const handler = connector.resourceTypes.find((candidate) => candidate.resourceType.id === resourceTypeId)
  if (handler !== undefined) return Effect.succeed(handler)
  const known = connector.resourceTypes.map((candidate) => candidate.resourceType.id).join(", ")
  return Effect.fail(ConnectorError.make(
    operation,
    new ConnectorError.NotFound({
      resourceType: "resource type",
      key: resourceTypeId,
      message: `${connector.spec.displayName} has no resource type "${resourceTypeId}". It has: ${known}.`
    })
  ))
}

/**
 * A capability of a handler, or the error that says that this connector can't do it.
 *
 * @since 0.1.0
 */
export const capabilityOf = <K extends "grant" | "revoke" | "createAccount" | "delete">(
  connector: Connector["Service"],
  resourceTypeId: string,
  capability: K
): Effect.Effect<NonNullable<ResourceTypeHandler[K]>, ConnectorError.ConnectorError> =>
  Effect.flatMap(handlerOf(connector, resourceTypeId, capability), (handler) => {
    const found = handler[capability]
    if (found !== undefined) return Effect.succeed(found)
    const able = connector.resourceTypes.filter((candidate) => candidate[capability] !== undefined)
      .map((candidate) => candidate.resourceType.id)
    return Effect.fail(ConnectorError.make(
      capability,
      new ConnectorError.Unsupported({
        resourceType: resourceTypeId,
        message: `${connector.spec.displayName} can't do "${capability}" for resource type "${resourceTypeId}". `
          + (able.length === 0 ? "It can't do it for any type." : `It can for: ${able.join(", ")}.`)
          // What a type is often says why not, and where it is done instead.
          + (handler.resourceType.description === undefined
            ? ""
            : ` ${handler.resourceType.displayName}: ${handler.resourceType.description}.`)
      })
    ))
  })

/** Every row as it comes, repeated ones too. */
const rows = (
  handler: ResourceTypeHandler,
  options: { readonly include: ListRequest["include"]; readonly concurrency?: number }
): Stream.Stream<ResourceRecord, ConnectorError.ConnectorError> => {
  const concurrency = Math.max(1, options.concurrency ?? 1)
  const first: ReadonlyArray<string | undefined> = [undefined]
  return Stream.paginate(first, (open) => {
    const round = open.slice(0, concurrency)
    return Effect.map(
      Effect.forEach(
        round,
        (cursor) =>
          handler.list(
            cursor === undefined ? { include: options.include } : { include: options.include, cursor }
          ),
        { concurrency }
      ),
      (pages) => {
        const following = pages.flatMap((page) => page.next === undefined ? [] : [page.next])
        const rest = [...following, ...open.slice(concurrency), ...pages.flatMap((page) => page.siblings ?? [])]
        return [
          pages.flatMap((page) => page.items),
          rest.length === 0 ? Option.none<ReadonlyArray<string | undefined>>() : Option.some(rest)
        ] as const
      }
    )
  })
}

/**
 * Every record of a type, each once, page after page. Siblings are followed up to `concurrency` at a time; the order is then that of
 * arrival in rounds, not the source's.
 *
 * Where rows come twice, others were missed in their place: the directory changed meanwhile, or the source pages wrongly. The stream then
 * fails with `IncompleteListing` at its end. Memory holds the ids.
 *
 * @since 0.1.0
 */
export const records = (
  handler: ResourceTypeHandler,
  options: { readonly include: ListRequest["include"]; readonly concurrency?: number }
): Stream.Stream<ResourceRecord, ConnectorError.ConnectorError> =>
  Stream.suspend(() => {
    const seen = new Set<string>()
    let received = 0
    const distinct = Stream.filter(rows(handler, options), ({ resource }) => {
      received += 1
      if (seen.has(resource.id.resource)) return false
      seen.add(resource.id.resource)
      return true
    })
    const whole = Stream.fromEffect(Effect.suspend(() =>
      received === seen.size
        ? Effect.void
        : Effect.fail(ConnectorError.make(
          "list",
          new ConnectorError.IncompleteListing({
            resourceType: handler.resourceType.id,
            expected: received,
            received: seen.size,
            message:
              `${received - seen.size} of ${received} rows came twice, so that others may be missing: the directory `
              + "changed while it was read, or the server pages wrongly. List it again."
          })
        ))
    ))
    return Stream.concat(distinct, Stream.drain(whole))
  })
