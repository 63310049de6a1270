/**
 * The worker thread of a sink: it stores, sorts and compresses on a core of its own. Not for import: {@link C1zSink.layer} starts it. It is a public
 * module so that a bundle can have it as a second entry.
 *
 * Plain code without Effect, because it has to start fast and touches every row.
 *
 * @since 0.1.0
 */
import { parentPort, type Transferable } from "node:worker_threads"
import type { Earlier } from "./internal/Earlier.ts"
import { failureOf } from "./internal/Failures.ts"
import { unpack } from "./internal/Packing.ts"
import type { Reply, Request, Rows } from "./internal/Protocol.ts"
import { publish } from "./internal/Publication.ts"
import { inspect } from "./internal/Target.ts"
import { WorkFile } from "./internal/WorkFile.ts"

let file: WorkFile | undefined
let earlier: Earlier | undefined
let location = ""

const opened = (): WorkFile => {
  if (file === undefined) throw new Error("no sync has begun")
  return file
}

const write = (bytes: Uint8Array, rows: ReadonlyArray<Rows>, now: number, checkpoint: string | undefined): void => {
  opened().write(bytes, rows, now)
  if (checkpoint !== undefined) opened().commit(checkpoint)
}

const answer = async (request: Request): Promise<unknown> => {
  switch (request.call) {
    case "begin": {
      location = request.question.path
      const { append } = request.question
      const target = inspect(location)
      const begun = WorkFile.begin(target, request.question)
      file = begun.file
      if (append !== undefined) {
        // Loaded here: a sync that replaces the file does without. Under the lock, so that nobody else adds to the file meanwhile.
        earlier = await (await import("./internal/Earlier.ts")).of(target, append)
        if (file.syncType === "partial" && earlier?.latestFull !== undefined) file.setParent(earlier.latestFull)
      }
      return begun.started
    }
    case "write": {
      const { checkpoint, now, rows, storage } = request.question
      write(Buffer.from(storage), rows, now, checkpoint)
      return storage
    }
    case "writePacked": {
      const { checkpoint, now, packed } = request.question
      unpack(packed, (bytes, rows) => write(bytes, rows, now, checkpoint))
      return null
    }
    case "indexGrants":
      opened().indexGrants()
      return null
    case "discard":
      opened().discard(request.question.resourceType)
      opened().commit(request.question.checkpoint)
      return null
    case "settle":
      return opened().settle(request.question.missingLimit)
    case "dropGrantsTo":
      return opened().dropGrantsTo(request.question.principals)
    case "finish":
      return publish(opened(), request.question, earlier)
    case "close":
      await earlier?.close()
      file?.close()
      return null
  }
}

const port = parentPort

if (port !== null) {
  // One after another, in the order they came: `finish` is the only one that gives way to the event loop.
  let last: Promise<void> = Promise.resolve()
  const serve = async (request: Request): Promise<void> => {
    const { sequence } = request
    let reply: Reply
    const moved: Array<Transferable> = []
    try {
      const value = await answer(request)
      if (value instanceof ArrayBuffer) moved.push(value)
      reply = { sequence, answer: value }
    } catch (error) {
      reply = { sequence, failure: failureOf(error, location) }
    }
    port.postMessage(reply, moved)
  }
  port.on("message", (request: Request) => {
    last = last.then(() => serve(request))
  })
}
