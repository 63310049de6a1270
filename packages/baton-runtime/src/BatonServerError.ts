/**
 * Why a server doesn't listen.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Nothing is served. The reason says why:
 *
 * - `NotLoopback`: plaintext was asked for on an address that other machines reach.
 * - `AddressInUse`, `NotPermitted`: the system does not give the address.
 * - `InvalidCredential`: a certificate or key is missing, can't be read, or they don't belong together.
 * - `ListenFailed`: anything else that keeps the server from listening.
 *
 * @since 0.1.0
 */
export class BatonServerError extends Schema.TaggedError<BatonServerError>()("BatonServerError", {
  reason: Schema.Literals(["NotLoopback", "AddressInUse", "NotPermitted", "InvalidCredential", "ListenFailed"]),
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}
