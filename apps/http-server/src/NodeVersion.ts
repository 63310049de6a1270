/**
 * Which Node.js is new enough. It is asked before anything else is loaded.
 *
 * @since 0.1.0
 */

/** The first with `node:sqlite` and zstd that the HTTP client supports too. */
const needed = { major: 22, minor: 19 }

/**
 * What to say where the version is too old.
 *
 * @since 0.1.0
 */
export const complaint = (version: string): string | undefined => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > needed.major || (major === needed.major && minor >= needed.minor)
    ? undefined
    : `error: Node.js ${needed.major}.${needed.minor} or newer is needed, and this is ${version}.`
}
