/** The log of requests as a person follows it: what a connector does, without the polling in between. */
import type { RequestLogEntry } from "../RequestLog.ts"

const isEmptyPoll = (entry: RequestLogEntry): boolean =>
  (entry.method === "GetTask" || entry.method === "GetTasks") && entry.taskId === undefined
  && !JSON.stringify(entry.response ?? {}).includes("\"id\"")

const what = (entry: RequestLogEntry): string => {
  switch (entry.method) {
    case "token":
      return "asked for an access token"
    case "Hello":
      return "says hello"
    case "GetTask":
    case "GetTasks":
      return "takes a task"
    case "Heartbeat":
      return "is at work on"
    case "FinishTask":
      return "has finished"
    case "UploadAsset":
      return "has uploaded for"
    case "StartDebugging":
      return "starts debugging"
  }
}

/** One line, or nothing for what isn't worth one. */
export const line = (entry: RequestLogEntry): string | undefined => {
  const fine = entry.status === "OK" && entry.remarks.length === 0 && entry.faults.length === 0
  if (fine && isEmptyPoll(entry)) return undefined
  const who = entry.clientId?.split("@")[0] ?? "somebody"
  return [
    `${new Date(entry.at).toISOString().slice(11, 23)}  ${who} ${what(entry)}${
      entry.taskId === undefined ? "" : ` ${entry.taskId}`
    }`,
    ...(entry.status === "OK" ? [] : [`→ ${entry.status}`]),
    ...(entry.message === undefined ? [] : [`(${entry.message})`]),
    ...entry.faults.map((name) => `[fault: ${name}]`),
    ...entry.remarks.map((remark) => `[remark: ${remark}]`)
  ].join(" ")
}
