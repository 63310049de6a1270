/** Output paths that can't be written, each refused before anything is, with words that say what to do. */
import { C1zSink } from "@access-kit/c1z"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { failureOf } from "../src/internal/Failures.ts"
import { sameBoot } from "../src/internal/Target.ts"
import * as Directory from "./Directory.ts"

const refused = (path: string) =>
  Effect.flip(Effect.scoped(Effect.flatMap(C1zSink.make({ path }), (sink) => sink.begin(Directory.HEADER))))

describe("refused", () => {
  const cases: ReadonlyArray<readonly [string, (directory: string) => string, string, RegExp]> = [
    ["an empty path", () => "", "InvalidTarget", /Give the path of a file/],
    ["a directory", (directory) => directory, "InvalidTarget", /is a directory/],
    [
      "a file in a directory that is not there",
      (directory) => join(directory, "no", "out.c1z"),
      "InvalidTarget",
      /does not exist\. Create it/
    ],
    [
      "a path below a file",
      (directory) => {
        writeFileSync(join(directory, "file"), "")
        return join(directory, "file", "out.c1z")
      },
      "InvalidTarget",
      /Give the path of a file in a directory that exists/
    ],
    ["a name that is too long", (directory) => join(directory, "x".repeat(300)), "InvalidTarget", /ENAMETOOLONG/],
    [
      "a file of another kind",
      (directory) => {
        writeFileSync(join(directory, "thesis.txt"), "ten years of work")
        return join(directory, "thesis.txt")
      },
      "InvalidTarget",
      /is not a \.c1z file, so it is not overwritten/
    ],
    ["a device", () => "/dev/null", "InvalidTarget", /not a regular file/],
    [
      "a dangling link",
      (directory) => {
        symlinkSync(join(directory, "nowhere"), join(directory, "link"))
        return join(directory, "link")
      },
      "InvalidTarget",
      /symbolic link/
    ],
    [
      "a circle of links",
      (directory) => {
        symlinkSync(join(directory, "b"), join(directory, "a"))
        symlinkSync(join(directory, "a"), join(directory, "b"))
        return join(directory, "a")
      },
      "InvalidTarget",
      /ELOOP/
    ]
  ]
  for (const [name, make, tag, words] of cases) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const directory = yield* Directory.temporary
        const path = make(directory)
        const before = readdirSync(directory).map((file) => [file, fingerprint(join(directory, file))])
        const error = yield* refused(path)
        assert.strictEqual(error.reason._tag, tag)
        assert.match(error.message, words)
        assert.strictEqual(error.reason.location, path)
        assert.deepStrictEqual(readdirSync(directory).map((file) => [file, fingerprint(join(directory, file))]), before)
      }).pipe(Effect.scoped))
  }

  it.effect("a socket", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "socket")
      const server = createServer()
      yield* Effect.callback<void>((resume) => {
        server.listen(path, () => resume(Effect.void))
      })
      const error = yield* refused(path)
      server.close()
      assert.strictEqual(error.reason._tag, "InvalidTarget")
    }).pipe(Effect.scoped))
})

const fingerprint = (path: string): string => {
  try {
    return statSync(path).isFile() ? readFileSync(path, "hex") : "other"
  } catch {
    return "dangling"
  }
}

describe("permissions", () => {
  /** Root may write anywhere, so the sink then runs as nobody in a process of its own. */
  const asNobody = (path: string): string => {
    const script = join(import.meta.dirname, "fixtures/sync.ts")
    const run = (options: object) => {
      try {
        return execFileSync(process.execPath, [script, path, "3", "1", "2"], {
          encoding: "utf8",
          stdio: "pipe",
          ...options
        })
      } catch (error) {
        return typeof error === "object" && error !== null ? String(Reflect.get(error, "stdout")) : String(error)
      }
    }
    return run(process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534, env: { ...process.env, HOME: "/" } } : {})
  }

  it.skipIf(process.platform === "win32")("a directory that may not be written to", () => {
    const directory = mkdtempSync(join(tmpdir(), "c1z-test-"))
    try {
      chmodSync(directory, 0o555)
      assert.match(asNobody(join(directory, "out.c1z")), /^failed .*can't be written.*Choose a directory/m)
      assert.deepStrictEqual(readdirSync(directory), [])
    } finally {
      chmodSync(directory, 0o755)
      rmSync(directory, { recursive: true })
    }
  })

  it.skipIf(process.platform === "win32")("a file that may not be written to, in a directory that may", () => {
    const directory = mkdtempSync(join(tmpdir(), "c1z-test-"))
    try {
      chmodSync(directory, 0o777)
      writeFileSync(join(directory, "out.c1z"), "C1ZF\0")
      chmodSync(join(directory, "out.c1z"), 0o444)
      assert.match(asNobody(join(directory, "out.c1z")), /^failed .*can't be written/m)
      assert.deepStrictEqual(readdirSync(directory), ["out.c1z"])
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

describe("written through", () => {
  it.effect("a link replaces what it points to, and stays a link", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      mkdirSync(join(directory, "real"))
      writeFileSync(join(directory, "real", "out.c1z"), "")
      symlinkSync(join("real", "out.c1z"), join(directory, "link.c1z"))
      yield* Directory.sync(join(directory, "link.c1z"), Directory.pages(3, 1, 2))
      assert.strictEqual((yield* Directory.contents(join(directory, "real", "out.c1z"))).resources.length, 4)
      assert.deepStrictEqual(readdirSync(directory).sort(), ["link.c1z", "real"])
      assert.deepStrictEqual(readdirSync(join(directory, "real")), ["out.c1z"])
    }).pipe(Effect.scoped))

  it.effect("an empty file and a file of format v3 are replaced", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      for (const content of ["", "C1Z3\0anything"]) {
        const path = join(directory, "out.c1z")
        writeFileSync(path, content)
        yield* Directory.sync(path, Directory.pages(3, 1, 2))
        assert.strictEqual((yield* Directory.contents(path)).resources.length, 4)
      }
    }).pipe(Effect.scoped))
})

describe("a full disk", () => {
  const mounted = (directory: string): boolean => {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", directory], { stdio: "pipe" })
      return true
    } catch {
      return false
    }
  }

  it.effect("ends with StorageFull; the file before stays, and the sync goes on when there is room", (context) =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      if (!mounted(directory)) return context.skip("mounting a small file system takes privileges")
      yield* Effect.addFinalizer(() => Effect.sync(() => execFileSync("umount", [directory])))
      const path = join(directory, "out.c1z")
      yield* Directory.sync(path, Directory.pages(3, 1, 2))
      const before = readFileSync(path)
      const error = yield* Effect.flip(Directory.sync(path, Directory.pages(3000, 100, 100)))
      assert.strictEqual(error.reason._tag, "StorageFull")
      assert.match(error.message, /Free some space/)
      assert.isTrue(readFileSync(path).equals(before))
      assert.isFalse(readdirSync(directory).includes(".out.c1z.tmp"))
      execFileSync("mount", ["-o", "remount,size=100m", directory])
      yield* Directory.sync(path, Directory.pages(3000, 100, 100))
      assert.deepStrictEqual(readdirSync(directory), ["out.c1z"])
    }).pipe(Effect.scoped))

  it("is told by its code, whether files or SQLite meet it", () => {
    for (const code of ["ENOSPC", "EDQUOT", "EFBIG"]) {
      assert.strictEqual(failureOf(Object.assign(new Error(code), { code }), "x").tag, "StorageFull")
    }
    assert.strictEqual(
      failureOf(Object.assign(new Error("full"), { code: "ERR_SQLITE_ERROR", errcode: 13 }), "x").tag,
      "StorageFull"
    )
    assert.strictEqual(
      failureOf(Object.assign(new Error("io"), { code: "ERR_SQLITE_ERROR", errcode: 778 }), "x").tag,
      "StorageFailure"
    )
    assert.strictEqual(
      failureOf(Object.assign(new Error("busy"), { code: "ERR_SQLITE_ERROR", errcode: 261 }), "x").tag,
      "Busy"
    )
    assert.strictEqual(failureOf("thrown text", "x").tag, "StorageFailure")
  })
})

describe("the start of the machine", () => {
  it("is the same by name, or nearly the same by time", () => {
    assert.isTrue(sameBoot("id a", "id a"))
    assert.isFalse(sameBoot("id a", "id b"))
    assert.isTrue(sameBoot("at 1000", "at 1090"))
    assert.isFalse(sameBoot("at 1000", "at 1200"))
    assert.isFalse(sameBoot("at 1000", "id a"))
  })
})
