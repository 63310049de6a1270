/** `/__sandbox/…`: looking at and steering a sandbox from another process, with the same token. */
import * as Formatter from "effect/Formatter"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Fault, names } from "../Fault.ts"
import type { Profile } from "../Profile.ts"
import type { FaultBoard } from "./FaultBoard.ts"
import type { Journal } from "./Journal.ts"
import { isJsonObject, parse } from "./Json.ts"
import * as Reply from "./Reply.ts"
import * as Snapshots from "./Snapshots.ts"
import type { Store } from "./Store.ts"

const decodeFaults = Schema.decodeUnknownResult(Schema.Union([Fault, Schema.Array(Fault)]))

const known: ReadonlySet<string> = new Set(names)

const answer = (status: number, body: unknown): Reply.Reply =>
  Reply.json(status, body, { "content-type": "application/json" })

const setFaults = (faults: FaultBoard, body: Buffer): Reply.Reply => {
  const json = parse(body.toString("utf8"))
  if (Result.isFailure(json)) return answer(400, { error: "The body is not JSON" })
  const unknown = (Array.isArray(json.success) ? json.success : [json.success])
    .map((fault: unknown) => (isJsonObject(fault) ? String(fault["name"]) : "?"))
    .find((name) => !known.has(name))
  if (unknown !== undefined) {
    return answer(400, { error: `There is no fault '${unknown}'; there are: ${[...known].join(", ")}` })
  }
  const decoded = decodeFaults(json.success)
  if (Result.isFailure(decoded)) return answer(400, { error: `Not a fault: ${Formatter.format(decoded.failure)}` })
  const list: ReadonlyArray<Fault> = "name" in decoded.success ? [decoded.success] : decoded.success
  for (const fault of list) faults.set(fault)
  return answer(200, { faults: faults.active })
}

export const make = (
  store: Store,
  profile: Profile,
  faults: FaultBoard,
  journal: Journal
) =>
(method: string, path: string, query: URLSearchParams, body: Buffer): Reply.Reply => {
  switch (`${method} ${path}`) {
    case "GET /state":
      return answer(200, {
        profile,
        counts: Snapshots.counts(store),
        requests: journal.stats,
        faults: faults.active,
        ...(query.get("rows") === "true" ? Snapshots.snapshot(store) : {})
      })
    case "GET /faults":
      return answer(200, { faults: faults.active })
    case "POST /faults":
      return setFaults(faults, body)
    case "DELETE /faults":
      faults.clear(query.get("name") ?? undefined)
      return answer(200, { faults: faults.active })
    case "GET /requests":
      return answer(200, { requests: journal.entries })
    case "DELETE /requests":
      journal.reset()
      return answer(200, { requests: [] })
    default:
      return answer(404, { error: `There is no ${method} /__sandbox${path}` })
  }
}
