/**
 * The brake for a directory that was emptied by mistake: a sync that finds much less than the one before is not shown before somebody has looked.
 *
 * @since 0.1.0
 */
import { USER } from "@access-kit/connector-model/ResourceType"
import type { Sync } from "@access-kit/server-api/Syncs"

type Counts = NonNullable<Sync["counts"]>

/**
 * Why the new counts need approval, or `undefined`.
 *
 * @param percent by how much accounts and grants may shrink; 100 lets everything through
 * @since 0.1.0
 */
export const reasonOf = (before: Counts, now: Counts, percent: number): string | undefined => {
  if (percent >= 100) return undefined
  const compared = [
    { what: "accounts", before: before.resources[USER] ?? 0, now: now.resources[USER] ?? 0 },
    { what: "grants", before: before.grants, now: now.grants }
  ]
  const shrunk = compared.filter((one) => one.before > 0 && (one.before - one.now) * 100 > one.before * percent)
  if (shrunk.length === 0) return undefined
  return `The directory shrank by more than ${percent} percent: ${
    shrunk.map((one) => `${one.before} ${one.what} before, ${one.now} now`).join("; ")
  }. Nothing is published. If it is right so, publish the sync; questions are answered from the snapshot before until then.`
}
