/**
 * Answers to bulk requests, matched to the operations that they answer: by bulkId, by the resource's path, else by their order.
 */
import * as ErrorResponse from "../ErrorResponse.ts"
import { attribute } from "../ScimResource.ts"
import * as decoding from "./decoding.ts"

export interface BulkAnswer {
  readonly status: number
  readonly id: string | undefined
  readonly version: string | undefined
  readonly response: unknown
  readonly scimType: string | undefined
  readonly detail: string | undefined
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly bulkId: string | undefined
}

const text = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

/** `"201"`, `201`, and `{"code": "201"}` of the drafts. */
const statusOf = (value: unknown): number | undefined => {
  const inner = decoding.isObject(value) ? attribute(value, "code") : value
  const number = typeof inner === "string" || typeof inner === "number" ? Number(inner) : Number.NaN
  return Number.isInteger(number) && number >= 200 && number <= 599 ? number : undefined
}

const lastSegment = (path: string | undefined): string | undefined => {
  const tail = path?.replace(/[?#].*$/, "").split("/").findLast((segment) => segment !== "")
  if (tail === undefined) return undefined
  try {
    return decodeURIComponent(tail)
  } catch {
    return tail
  }
}

export const decodeResults = (
  body: unknown,
  asked: ReadonlyArray<Asked>
): ReadonlyArray<BulkAnswer | undefined> => {
  const list = decoding.isObject(body) ? attribute(body, "Operations") : body
  const rows = decoding.isArray(list) ? list.filter(decoding.isObject) : []
  const out = asked.map((): BulkAnswer | undefined => undefined)
  const taken = new Set<number>()
  const unmatched: Array<{ readonly row: (typeof rows)[number]; readonly answer: BulkAnswer }> = []

  const claim = (index: number, answer: BulkAnswer): boolean => {
    if (index < 0 || taken.has(index)) return false
    taken.add(index)
    out[index] = answer
    return true
  }

  for (const row of rows) {
    const status = statusOf(attribute(row, "status"))
    if (status === undefined) continue
    const response = attribute(row, "response")
    const location = text(attribute(row, "location"))
    const error = status >= 400 ? ErrorResponse.decode(response) : undefined
    const method = text(attribute(row, "method"))?.toUpperCase()
    const bulkId = text(attribute(row, "bulkId"))
    const ownId = decoding.isObject(response) ? text(attribute(response, "id")) : undefined
    const answer: BulkAnswer = {
      status,
      id: ownId ?? (status < 400 ? lastSegment(location) : undefined),
      version: text(attribute(row, "version")),
      response,
      scimType: error?.scimType,
      detail: error?.detail
    }
    const byBulkId = bulkId === undefined ? -1 : asked.findIndex((operation) => operation.bulkId === bulkId)
    if (claim(byBulkId, answer)) continue
    const target = lastSegment(location ?? text(attribute(row, "path")))
    const byPath = target === undefined ?
      -1 :
      asked.findIndex((operation, index) =>
        !taken.has(index) && operation.method !== "POST" && lastSegment(operation.path) === target &&
        (method === undefined || method === operation.method)
      )
    if (!claim(byPath, answer)) unmatched.push({ row, answer })
  }
  // What names nothing can only be told by its order.
  for (const { answer, row } of unmatched) {
    const method = text(attribute(row, "method"))?.toUpperCase()
    claim(
      asked.findIndex((operation, index) => !taken.has(index) && (method === undefined || method === operation.method)),
      answer
    )
  }
  return out
}
