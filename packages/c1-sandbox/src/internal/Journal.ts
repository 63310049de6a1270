/** Keeps the log of requests, writes it to a file as it grows, and counts connections. */
import type { JsonValue } from "@bufbuild/protobuf"
import { createWriteStream, type WriteStream } from "node:fs"
import type { Method } from "../Fault.ts"
import type { RequestLogEntry, RequestStats } from "../RequestLog.ts"
import type { Changes } from "./Changes.ts"
import type { Target } from "./FaultBoard.ts"

/** A request while it is under way: whoever deals with it writes down what it finds out. */
export interface Page extends Target {
  readonly method: Method
  readonly number: number
  readonly at: number
  readonly connection: number
  readonly httpVersion: string
  readonly userAgent: string
  clientId: string | undefined
  taskId: string | undefined
  status: string
  message: string | undefined
  request: JsonValue | undefined
  response: JsonValue | undefined
  readonly remarks: Array<string>
}

export class Journal {
  readonly #limit: number
  readonly #changes: Changes
  readonly #file: WriteStream | undefined
  readonly #followers = new Set<(entry: RequestLogEntry) => void>()
  readonly #connections = new WeakMap<object, number>()
  #entries: Array<RequestLogEntry> = []
  #byMethod: Partial<Record<Method, number>> = {}
  #total = 0
  #numbers = 0
  #opened = 0
  #open = 0

  constructor(options: { readonly limit: number; readonly changes: Changes; readonly file: string | undefined }) {
    this.#limit = options.limit
    this.#changes = options.changes
    this.#file = options.file === undefined ? undefined : createWriteStream(options.file, { flags: "a" })
    // A full disk must not end a test that is about something else.
    this.#file?.on("error", () => {})
  }

  opened(connection: object): void {
    this.#opened += 1
    this.#open += 1
    this.#connections.set(connection, this.#opened)
    this.#changes.notify()
  }

  knows(connection: object): boolean {
    return this.#connections.has(connection)
  }

  closed(): void {
    this.#open -= 1
    this.#changes.notify()
  }

  begin(
    request: Pick<Page, "method" | "httpVersion" | "userAgent"> & { readonly connection: object | undefined }
  ): Page {
    this.#numbers += 1
    return {
      method: request.method,
      httpVersion: request.httpVersion,
      userAgent: request.userAgent,
      number: this.#numbers,
      at: Date.now(),
      connection: request.connection === undefined ? 0 : this.#connections.get(request.connection) ?? 0,
      clientId: undefined,
      taskId: undefined,
      status: "no answer",
      message: undefined,
      request: undefined,
      response: undefined,
      remarks: [],
      struck: []
    }
  }

  end(page: Page): void {
    const { struck, ...rest } = page
    const entry: RequestLogEntry = { ...rest, faults: struck, millis: Date.now() - page.at, remarks: [...page.remarks] }
    this.#total += 1
    this.#byMethod[page.method] = (this.#byMethod[page.method] ?? 0) + 1
    this.#entries.push(entry)
    // Cutting only at twice the limit makes the cost of forgetting constant per request.
    if (this.#entries.length >= 2 * this.#limit) this.#entries = this.#entries.slice(-this.#limit)
    this.#file?.write(`${JSON.stringify(entry)}\n`)
    for (const follower of this.#followers) follower(entry)
    this.#changes.notify()
  }

  /** Tells of every request from now on; what is answered ends that. */
  follow(follower: (entry: RequestLogEntry) => void): () => void {
    this.#followers.add(follower)
    return () => this.#followers.delete(follower)
  }

  get entries(): ReadonlyArray<RequestLogEntry> {
    return this.#entries.slice(-this.#limit)
  }

  get stats(): RequestStats {
    return { total: this.#total, byMethod: { ...this.#byMethod }, connections: this.#opened, open: this.#open }
  }

  reset(): void {
    this.#entries = []
    this.#byMethod = {}
    this.#total = 0
  }

  close(done: () => void): void {
    if (this.#file === undefined) done()
    else this.#file.end(done)
  }
}
