/**
 * Where the processes of a cluster talk to each other. What they say is guarded by a secret and not encrypted, so the port must not be open to the
 * world: an address that anybody can reach is refused.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { lookup } from "node:dns/promises"
import { BlockList, isIP } from "node:net"

/**
 * @since 0.1.0
 */
export class RunnerAddressError extends Schema.TaggedError<RunnerAddressError>()("RunnerAddressError", {
  message: Schema.String
}) {}

/**
 * @since 0.1.0
 */
export interface Address {
  /** A name or an IP address. */
  readonly host: string
  readonly port: number
}

/** Loopback, link-local, and what RFC 1918, RFC 4193 and RFC 6598 set aside for networks of one's own. */
const privateAddresses = (() => {
  const list = new BlockList()
  list.addSubnet("127.0.0.0", 8)
  list.addSubnet("10.0.0.0", 8)
  list.addSubnet("172.16.0.0", 12)
  list.addSubnet("192.168.0.0", 16)
  list.addSubnet("169.254.0.0", 16)
  list.addSubnet("100.64.0.0", 10)
  list.addAddress("::1", "ipv6")
  list.addSubnet("fc00::", 7, "ipv6")
  list.addSubnet("fe80::", 10, "ipv6")
  return list
})()

/**
 * Whether an IP address is out of reach of the world. `0.0.0.0` and `::` stand for every address of the machine and are not.
 *
 * @since 0.1.0
 */
export const isPrivate = (ip: string): boolean => privateAddresses.check(ip, isIP(ip) === 6 ? "ipv6" : "ipv4")

/**
 * Fails for an address that is not private, or a name that means one.
 *
 * @since 0.1.0
 */
export const requirePrivate = Effect.fn("RunnerAddress.requirePrivate")(function*(
  address: Address
): Effect.fn.Return<void, RunnerAddressError> {
  const { host } = address
  const found = isIP(host) === 0
    ? yield* Effect.tryPromise({
      try: () => lookup(host, { all: true }),
      catch: () =>
        new RunnerAddressError({
          message:
            `The runner address "${host}" has no IP address. Give a name or an address of this machine that the other processes reach.`
        })
    })
    : [{ address: host }]
  const exposed = found.find((candidate) => !isPrivate(candidate.address))
  if (exposed === undefined) return
  return yield* new RunnerAddressError({
    message: `The runner address "${host}"${
      exposed.address === host ? "" : ` (${exposed.address})`
    } is not private. What the processes of a cluster tell each other is not encrypted: give an address of a private network, for example one from 10.0.0.0/8.`
  })
})
