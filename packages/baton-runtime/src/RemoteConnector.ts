/**
 * A connector that lives behind gRPC, as a {@link Connector} of the contract.
 *
 * @since 0.1.0
 */
import type { Connector } from "@access-kit/connector-model/Connector"
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { BatonClient } from "./BatonClient.ts"
import type * as ConnectorProcess from "./ConnectorProcess.ts"

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
}

/**
 * @since 0.1.0
 */
export declare const make: (client: BatonClient, options: Options) => Effect.Effect<Connector["Service"], ConnectorError>

/**
 * Starts a connector binary and provides it.
 *
 * @since 0.1.0
 */
export declare const layerProcess: (
  options: Options & ConnectorProcess.Options
) => Layer.Layer<Connector, ConnectorError | ConnectorProcess.ConnectorProcessError>
