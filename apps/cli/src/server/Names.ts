/**
 * Names as a person types them, compared with those of a server's directory.
 *
 * @since 0.1.0
 */

/** The server takes no longer ones. */
const LONGEST_SEARCH = 200

const fold = (text: string): string => text.normalize("NFKC").toLowerCase().trim()

/**
 * @since 0.1.0
 */
export const same = (one: string | undefined, other: string): boolean => one !== undefined && fold(one) === fold(other)

/**
 * What to search for so that everything with this whole name is among what is found.
 *
 * @since 0.1.0
 */
export const search = (text: string): string | undefined => {
  const trimmed = [...text.trim()].slice(0, LONGEST_SEARCH / 2).join("")
  return trimmed === "" ? undefined : trimmed
}

/**
 * Whether a text can be an id in a path. A URL takes dots for directions.
 *
 * @since 0.1.0
 */
export const canBeId = (text: string): boolean => text !== "" && text !== "." && text !== ".." && text.length <= 3072
