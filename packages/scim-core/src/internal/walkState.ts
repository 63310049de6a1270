/**
 * Walk states as text: a JSON array that begins with a version, so that a text of another version is recognised instead of
 * misread.
 */
import type { WalkState } from "../Pagination.ts"

const version = 1

export const encodeState = (state: WalkState): string => {
  const shared = [
    state.count ?? null,
    state.pages,
    state.maxPages,
    state.received,
    state.total ?? null,
    state.mark ?? null,
    state.restarted ? 1 : 0
  ]
  switch (state._tag) {
    case "Unpaged":
      return JSON.stringify([version, "u", ...shared])
    case "Cursor":
      return JSON.stringify([version, "c", ...shared, state.cursor])
    case "Index": {
      const flags = (state.concurrent ? 1 : 0) | (state.overlap ? 2 : 0) | (state.probe ? 4 : 0) |
        (state.trusted ? 8 : 0) | (state.firstIndex === 0 ? 16 : 0)
      return JSON.stringify([
        version,
        "i",
        ...shared,
        state.startIndex,
        state.end ?? null,
        flags,
        state.anchor ?? null
      ])
    }
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0
const isOptionalCount = (value: unknown): value is number | null => value === null || isCount(value)
const isOptionalText = (value: unknown): value is string | null => value === null || typeof value === "string"

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const decodeState = (text: string): WalkState | undefined => {
  const parts = parse(text)
  if (!Array.isArray(parts) || parts[0] !== version) return undefined
  const [, tag, count, pages, maxPages, received, total, mark, restarted, ...rest]: ReadonlyArray<unknown> = parts
  if (
    !isOptionalCount(count) || !isCount(pages) || !isCount(maxPages) || !isCount(received) || !isOptionalCount(total) ||
    !isOptionalText(mark) || (restarted !== 0 && restarted !== 1)
  ) {
    return undefined
  }
  const shared = {
    count: count ?? undefined,
    pages,
    maxPages,
    received,
    total: total ?? undefined,
    mark: mark ?? undefined,
    restarted: restarted === 1
  }
  switch (tag) {
    case "u":
      return rest.length === 0 ? { _tag: "Unpaged", ...shared } : undefined
    case "c": {
      const [cursor] = rest
      return rest.length === 1 && typeof cursor === "string" ? { _tag: "Cursor", ...shared, cursor } : undefined
    }
    case "i": {
      const [startIndex, end, flags, anchor] = rest
      if (
        rest.length !== 4 || !isCount(startIndex) || startIndex < 1 || !isOptionalCount(end) || !isCount(flags) ||
        flags > 31 || !isOptionalText(anchor) || (end !== null && end <= startIndex)
      ) {
        return undefined
      }
      return {
        _tag: "Index",
        ...shared,
        startIndex,
        end: end ?? undefined,
        concurrent: (flags & 1) !== 0,
        overlap: (flags & 2) !== 0,
        anchor: anchor ?? undefined,
        probe: (flags & 4) !== 0,
        trusted: (flags & 8) !== 0,
        firstIndex: (flags & 16) !== 0 ? 0 : 1
      }
    }
    default:
      return undefined
  }
}
