/**
 * Baton's own notation of resources, `bid:r:type/id`, as `--sync-resources` takes it.
 *
 * @since 0.1.0
 */
import type { ResourceId } from "@access-kit/connector-model/Resource"

const PREFIX = "bid:r:"

/** The parts between slashes. A backslash stands before a colon, a slash or a backslash that belongs to a part, and before nothing else. */
const partsOf = (text: string): ReadonlyArray<string> | undefined => {
  const parts = [""]
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? ""
    if (character === "/") parts.push("")
    else if (character === ":") return undefined
    else if (character !== "\\") parts[parts.length - 1] += character
    else {
      const escaped = text[++index]
      if (escaped === undefined || !"\\/:".includes(escaped)) return undefined
      parts[parts.length - 1] += escaped
    }
  }
  return parts
}

/**
 * The resource that a BID names; nothing where it is none. The parent that it may name, `bid:r:type/id/type/id`, is left out: ids of resources are unique
 * without it.
 *
 * @since 0.1.0
 */
export const resource = (bid: string): ResourceId | undefined => {
  const parts = bid.startsWith(PREFIX) ? partsOf(bid.slice(PREFIX.length)) : undefined
  if (parts === undefined || (parts.length !== 2 && parts.length !== 4) || parts.includes("")) return undefined
  const [resourceType = "", id = ""] = parts.slice(-2)
  return { resourceType, resource: id }
}
