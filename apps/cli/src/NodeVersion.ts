/**
 * Which Node.js is new enough. It is looked at before anything else is loaded, so this module needs nothing.
 *
 * @since 0.1.0
 */

/** The first with `node:sqlite` and zstd in `node:zlib` that the HTTP client supports too. */
const oldest = [22, 19] as const

/**
 * Whether a version such as `22.19.0` is new enough.
 *
 * @since 0.1.0
 */
export const isSupported = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

/**
 * What to say where it is not.
 *
 * @since 0.1.0
 */
export const explanation = (version: string): string =>
  `error: Node.js ${oldest.join(".")} or newer is needed, and this is ${version}. `
  + "A clone of the repository has the right one in node_modules/.bin/node."
