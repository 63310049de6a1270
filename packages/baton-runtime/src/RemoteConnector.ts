/**
 * A connector that lives behind gRPC, as a {@link Connector} of the contract: whatever runs connectors of this project, a sync, a command, a server, then
 * runs it too. It need not be written in TypeScript.
 *
 * What it can do is what its capabilities say. A listing is gathered as baton's syncer does it (child resources, static and type-scoped entitlements,
 * grants by whichever resource the connector lists them) into a file in the temporary folder, and handed out from there.
 *
 * Left out is what connector-model has no word for, see `FromMessage`; expansion of nested grants is left to whoever reads the snapshot.
 *
 * @since 0.1.0
 */
import {
  Capability,
  ConnectorService,
  type ResourceTypeCapability
} from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import {
  type ResourceType as ResourceTypeMessage,
  ResourceTypesService
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { Connector, type ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { BatonClient } from "./BatonClient.ts"
import * as ConnectorProcess from "./ConnectorProcess.ts"
import * as FromMessage from "./FromMessage.ts"
import * as Calls from "./internal/remote/Calls.ts"
import * as Changes from "./internal/remote/Changes.ts"
import * as Directory from "./internal/remote/Directory.ts"
import * as Gathering from "./internal/remote/Gathering.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /** Kebab case, for example `github`. */
  readonly name: string
  /** Without a leading `v`. @default "0.0.0" */
  readonly version?: string
  /** Which source it reads, without any secret: a snapshot that was begun is taken up only for the same source. */
  readonly source: string
  /** Listings that are asked for at a time. @default 4 */
  readonly concurrency?: number
  /** How often a call that failed as Unavailable or DeadlineExceeded is made again, waiting a second longer each time. @default 10 */
  readonly retries?: number
}

const listTypes = Effect.fnUntraced(function*(calls: Calls.Calls) {
  const types = new Map<string, ResourceTypeMessage>()
  const about = { operation: "configure", resourceType: "resource type", key: "" }
  let pageToken = ""
  do {
    const page = yield* calls.read(about, ResourceTypesService.method.listResourceTypes, { pageToken })
    for (const type of page.list) types.set(type.id, type)
    if (page.nextPageToken === pageToken) break
    pageToken = page.nextPageToken
  } while (pageToken !== "")
  return types
})

/**
 * Asks the connector what it is and has. The scope keeps the files of its listings.
 *
 * @since 0.1.0
 */
export const make = Effect.fn("RemoteConnector.make")(function*(
  client: BatonClient,
  options: Options
): Effect.fn.Return<Connector["Service"], ConnectorError.ConnectorError, Scope.Scope> {
  const calls = Calls.make(client, options.retries ?? 10)
  const about = { operation: "configure", resourceType: "connector", key: options.name }
  const { metadata } = yield* calls.read(about, ConnectorService.method.getMetadata, {})
  if (metadata === undefined) {
    return yield* Effect.fail(ConnectorError.make(
      about.operation,
      new ConnectorError.UnexpectedResponse({
        message: "The connector did not say what it is. Check which program it is."
      })
    ))
  }
  const types = yield* listTypes(calls)
  const remote = { calls, types, concurrency: Math.max(1, options.concurrency ?? 4) }
  const directory = yield* Directory.make(remote)

  const abilities = new Map<string, ResourceTypeCapability>(
    metadata.capabilities?.resourceTypeCapabilities.map((each) => [each.resourceType?.id ?? "", each])
  )

  const handlerOf = Effect.fnUntraced(function*(
    type: ResourceTypeMessage
  ): Effect.fn.Return<ResourceTypeHandler, ConnectorError.ConnectorError> {
    const can = (capability: Capability) => abilities.get(type.id)?.capabilities.includes(capability) === true
    const statics = yield* Gathering.staticEntitlements({ ...remote, activeSyncId: "" }, type.id)
    return {
      resourceType: FromMessage.resourceType(type),
      list: (request) => directory.list(type.id, request),
      get: (resource) => directory.get({ resourceType: type.id, resource }),
      find: (text) => directory.find(type.id, text),
      ...(statics.length === 0 ? {} : { entitlements: statics.map(FromMessage.entitlement) }),
      ...(can(Capability.PROVISION)
        ? { grant: Changes.grant(calls, directory), revoke: Changes.revoke(calls, directory) }
        : {}),
      ...(can(Capability.ACCOUNT_PROVISIONING)
        ? { createAccount: Changes.createAccount(calls, directory, type.id, metadata) }
        : {}),
      ...(can(Capability.RESOURCE_DELETE) ? { delete: Changes.remove(calls, directory, type.id) } : {})
    }
  })

  return Connector.of({
    spec: {
      name: options.name,
      displayName: metadata.displayName === "" ? options.name : metadata.displayName,
      description: metadata.description,
      helpUrl: metadata.helpUrl,
      version: options.version ?? "0.0.0",
      config: []
    },
    source: options.source,
    validate: Effect.map(
      calls.read({ ...about, operation: "validate" }, ConnectorService.method.validate, {}),
      () => ({
        checks: [{
          name: "connector",
          status: "passed",
          message: "The connector finds its settings good and reaches its source."
        }]
      })
    ),
    resourceTypes: yield* Effect.forEach(types.values(), handlerOf)
  })
})

/**
 * A connector behind a client, as a layer.
 *
 * @since 0.1.0
 */
export const layer = (
  client: BatonClient,
  options: Options
): Layer.Layer<Connector, ConnectorError.ConnectorError> => Layer.effect(Connector, make(client, options))

/**
 * Starts a connector binary, any of the baton family, and provides it.
 *
 * @since 0.1.0
 */
export const layerProcess = (
  options: Options & ConnectorProcess.Options
): Layer.Layer<Connector, ConnectorError.ConnectorError | ConnectorProcess.ConnectorProcessError> =>
  Layer.effect(
    Connector,
    Effect.gen(function*() {
      const child = yield* ConnectorProcess.start(options)
      // A child that ends while it is asked what it is has said why in its log.
      return yield* Effect.raceFirst(make(child.client, options), child.ended)
    })
  )
