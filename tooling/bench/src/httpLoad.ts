/**
 * The load generator, a process of its own: keeps so many connections busy, each with one request at a time, and prints how long the answers took. Every
 * answer is read to its end, and its length is compared with what it should be.
 */
import { readFileSync } from "node:fs"
import { Pool } from "undici"
import type { Load, Loaded } from "./Answer.ts"

const [file = ""] = process.argv.slice(2)
const load: Load = JSON.parse(readFileSync(file, "utf8"))
const headers = { authorization: `Bearer ${load.token}` }

const one = (pool: Pool, at: number): Promise<{ readonly millis: number; readonly right: boolean }> =>
  new Promise((resolve) => {
    const { bytes, path } = load.paths[at % load.paths.length] ?? { bytes: 0, path: "/" }
    const since = performance.now()
    let status = 0
    let received = 0
    pool.dispatch({ method: "GET", path, headers }, {
      onRequestStart: () => {},
      onResponseStart: (_, code) => {
        status = code
      },
      onResponseData: (_, chunk) => {
        received += chunk.length
      },
      onResponseEnd: () => resolve({ millis: performance.now() - since, right: status === 200 && received === bytes }),
      onResponseError: () => resolve({ millis: performance.now() - since, right: false })
    })
  })

const run = async (pool: Pool, seconds: number, requests: number): Promise<Omit<typeof Loaded.Type, "warmUp">> => {
  const times: Array<number> = []
  let begun = 0
  let wrong = 0
  const since = performance.now()
  const until = since + seconds * 1_000
  const connection = async () => {
    while (begun < requests && performance.now() < until) {
      const { millis, right } = await one(pool, begun++)
      times.push(millis)
      if (!right) wrong += 1
    }
  }
  await Promise.all(Array.from({ length: load.connections }, connection))
  const took = (performance.now() - since) / 1_000
  times.sort((a, b) => a - b)
  const quantile = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0
  return { requests: times.length, wrong, seconds: took, p50Millis: quantile(0.5), p99Millis: quantile(0.99) }
}

const pool = new Pool(load.url, { connections: load.connections, pipelining: 1 })
// Machine code is made of what runs often, on both sides, before anything counts.
const warm = load.requests === undefined
  ? await run(pool, Math.max(1, load.seconds / 3), Infinity)
  : await run(pool, Infinity, load.connections)
const counted = await run(
  pool,
  load.requests === undefined ? load.seconds : Infinity,
  load.requests ?? Infinity
)
await pool.destroy()
const result: typeof Loaded.Type = { ...counted, warmUp: warm.requests, wrong: warm.wrong + counted.wrong }
process.stdout.write(`${JSON.stringify(result)}\n`)
