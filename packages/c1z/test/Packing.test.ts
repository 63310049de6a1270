import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Batch } from "../src/internal/Batch.ts"
import { StoreClient } from "../src/internal/StoreClient.ts"
import * as Directory from "./Directory.ts"

const ACCOUNTS = 60_000

const record = (index: number) =>
  Directory.account(`u${index}`, { displayName: `Person ${index} ${"ß漢😀".repeat(9)}` })

describe("batches that wait", () => {
  it.effect("are packed, and stored like the others", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "out.c1z")
      const work = join(path, "..", ".out.c1z.partial")
      yield* Effect.gen(function*() {
        const client = yield* StoreClient.make(new URL("../src/worker.ts", import.meta.url), path)
        yield* client.ask("begin", {
          path,
          now: 0,
          syncId: "s",
          fingerprint: "f",
          syncType: "full",
          resume: true,
          resourceTypes: []
        })
        const batch = new Batch(Directory.TYPES)
        let returned = 0
        const sends: Array<Effect.Effect<void, unknown>> = []
        for (let index = 0; index < ACCOUNTS; index++) {
          batch.add(record(index))
          if (!batch.isFull && index < ACCOUNTS - 1) continue
          const checkpoint = index < ACCOUNTS - 1 ? undefined : "all"
          sends.push(client.send(batch.take(), { now: 0, checkpoint }, () => returned++))
        }
        // All in one turn of the event loop: no answer of the worker comes meanwhile, so the buffers that are back were packed.
        const exits = sends.map((send) => Effect.runSyncExit(send))
        assert.isTrue(exits.every(Exit.isSuccess))
        assert.isAbove(sends.length, 40)
        assert.isAbove(returned, 20)
        assert.isBelow(returned, sends.length)
        yield* client.ask("settle", { missingLimit: 0 })
      }).pipe(Effect.scoped)
      assert.isTrue(existsSync(work))
      const database = new DatabaseSync(work)
      const rows = database.prepare("SELECT external_id AS id, data FROM v1_resources ORDER BY rowid").all()
      database.close()
      assert.strictEqual(rows.length, ACCOUNTS)
      for (const [index, { data, id }] of rows.entries()) {
        if (id !== `user:u${index}` || !(data instanceof Uint8Array)) assert.fail(`row ${index} is ${String(id)}`)
        if (index % 997 > 0) continue
        const alone = new Batch(Directory.TYPES)
        alone.add(record(index))
        const { storage, used } = alone.take()
        assert.deepStrictEqual(Buffer.from(data), Buffer.from(storage, 0, used))
      }
    }).pipe(Effect.scoped))
})
