/**
 * Something in a Markdown file that is not so.
 */
export interface Problem {
  /** Relative to the root of the repository. */
  readonly path: string
  readonly line: number
  readonly message: string
}

/** As editors and terminals turn it into a link. */
export const format = (problem: Problem): string => `${problem.path}:${problem.line} ${problem.message}`
