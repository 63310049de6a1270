/**
 * Preloaded into a measured process with `--import`: when the process ends it writes what it has used to the file that BENCH_PROBE names.
 * Plain JavaScript, so that the measured process does not load a TypeScript stripper for it.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { getHeapStatistics } from "node:v8"
import { isMainThread } from "node:worker_threads"

/** Peak of resident memory in bytes. `ru_maxrss` of a forked process begins with the parent's, so Linux is asked in another way. */
const peakRss = () => {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))
    if (kib !== null) return Number(kib[1]) * 1024
  } catch {
    // No /proc: not Linux.
  }
  return process.resourceUsage().maxRSS * 1024
}

const file = process.env["BENCH_PROBE"]
if (isMainThread && file !== undefined) {
  process.on("exit", () => {
    // Of the whole process: every thread, those that have ended too.
    const { systemCPUTime, userCPUTime } = process.resourceUsage()
    writeFileSync(
      file,
      JSON.stringify({
        userMicros: userCPUTime,
        systemMicros: systemCPUTime,
        peakRssBytes: peakRss(),
        // Of the main thread's heap, since the start.
        allocatedBytes: getHeapStatistics().total_allocated_bytes ?? 0
      })
    )
  })
}
