/**
 * Which of several syncs stay: the rule of Go's SDK.
 */

export interface Run {
  readonly id: string
  readonly type: string
  /** Epoch milliseconds. */
  readonly startedAt: number | undefined
  /** Absent for a sync that was not finished. */
  readonly endedAt: number | undefined
}

export const latestFirst = <A extends Run>(runs: ReadonlyArray<A>): ReadonlyArray<A> =>
  runs.toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0) || (a.id < b.id ? 1 : -1))

/** Full syncs beyond the latest `keep` go, and syncs of other types that ended before the oldest of those began. */
export const plan = <A extends Run>(
  runs: ReadonlyArray<A>,
  options: { readonly keep: number; readonly unfinished: boolean }
): { readonly keep: ReadonlyArray<A>; readonly remove: ReadonlyArray<A> } => {
  const full = latestFirst(runs.filter((run) => run.type === "full" && run.endedAt !== undefined))
  const kept = new Set(full.slice(0, Math.max(1, options.keep)))
  const oldest = Math.min(...[...kept].map((run) => run.startedAt ?? Number.POSITIVE_INFINITY))
  const stays = (run: A): boolean => {
    if (run.endedAt === undefined) return !options.unfinished
    if (run.type === "full") return kept.has(run)
    return kept.size === 0 || run.endedAt >= oldest
  }
  return { keep: runs.filter(stays), remove: runs.filter((run) => !stays(run)) }
}
