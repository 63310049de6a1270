/**
 * The key-value store that a connector may use while one sync runs, served by the parent (`c1.connectorapi.baton.v1.BatonSessionService`). It is in memory
 * and lives as long as the child.
 *
 * A prefix is the beginning of a key and nothing more: with prefix `a` the key `b` is the key `ab` without one.
 *
 * @since 0.1.0
 */
import { BatonSessionService } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/session_pb"
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect"

/**
 * @since 0.1.0
 */
export interface SessionStore {
  readonly routes: (router: ConnectRouter) => void
}

/** What a response may hold, below the 4 MiB that callers accept. */
const MAX_VALUES = 4 * 1024 * 1024 - 16 * 1024

/** Values of one store, all syncs together: a bound for connectors that never clean up. */
const MAX_STORED = 256 * 1024 * 1024

interface Item {
  readonly key: string
  readonly value: Uint8Array
}

const sizeOf = (item: Item): number => item.value.length + Buffer.byteLength(item.key) + 16

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/**
 * @since 0.1.0
 */
export const make = (): SessionStore => {
  const syncs = new Map<string, Map<string, Uint8Array>>()
  let stored = 0

  const of = (syncId: string): Map<string, Uint8Array> => {
    const known = syncs.get(syncId)
    if (known !== undefined) return known
    const fresh = new Map<string, Uint8Array>()
    syncs.set(syncId, fresh)
    return fresh
  }

  const remove = (syncId: string, key: string): void => {
    const values = syncs.get(syncId)
    const old = values?.get(key)
    if (values === undefined || old === undefined) return
    stored -= old.length
    values.delete(key)
    if (values.size === 0) syncs.delete(syncId)
  }

  const set = (syncId: string, items: ReadonlyArray<Item>): void => {
    const values = of(syncId)
    const growth = items.reduce((sum, { key, value }) => sum + value.length - (values.get(key)?.length ?? 0), 0)
    if (stored + growth > MAX_STORED) {
      throw new ConnectError(
        `The session store is full (${
          MAX_STORED / 1024 / 1024
        } MiB). The connector has to delete what it no longer needs.`,
        Code.ResourceExhausted
      )
    }
    stored += growth
    for (const { key, value } of items) values.set(key, value)
  }

  const beginningWith = (syncId: string, prefix: string): ReadonlyArray<string> =>
    [...syncs.get(syncId)?.keys() ?? []].filter((key) => key.startsWith(prefix))

  return {
    routes: (router) => {
      router.service(BatonSessionService, {
        get: ({ key, prefix, syncId }) => {
          const value = syncs.get(syncId)?.get(prefix + key)
          return value === undefined ? { found: false } : { found: true, value }
        },
        getMany: ({ keys, prefix, syncId }) => {
          const items: Array<Item> = []
          const unprocessedKeys: Array<string> = []
          let used = 0
          for (const key of keys) {
            const value = syncs.get(syncId)?.get(prefix + key)
            if (value === undefined) continue
            const item = { key, value }
            used += sizeOf(item)
            // The first fits always, so a caller who asks again for the rest gets on.
            if (used > MAX_VALUES && items.length > 0) unprocessedKeys.push(key)
            else items.push(item)
          }
          return { items, unprocessedKeys }
        },
        getAll: ({ pageToken, prefix, syncId }) => {
          const keys = beginningWith(syncId, prefix).filter((key) => key >= prefix + pageToken).sort(compare)
          const items: Array<Item> = []
          let used = 0
          for (const key of keys) {
            const item = { key: key.slice(prefix.length), value: syncs.get(syncId)?.get(key) ?? new Uint8Array() }
            used += sizeOf(item)
            if (items.length > 0 && used > MAX_VALUES) return { items, pageToken: item.key }
            items.push(item)
          }
          return { items, pageToken: "" }
        },
        set: ({ key, prefix, syncId, value }) => {
          set(syncId, [{ key: prefix + key, value }])
          return {}
        },
        setMany: ({ prefix, syncId, values }) => {
          set(syncId, Object.entries(values).map(([key, value]) => ({ key: prefix + key, value })))
          return {}
        },
        delete: ({ key, prefix, syncId }) => {
          remove(syncId, prefix + key)
          return {}
        },
        deleteMany: ({ keys, prefix, syncId }) => {
          for (const key of keys) remove(syncId, prefix + key)
          return {}
        },
        clear: ({ prefix, syncId }) => {
          for (const key of beginningWith(syncId, prefix)) remove(syncId, key)
          return {}
        }
      })
    }
  }
}
