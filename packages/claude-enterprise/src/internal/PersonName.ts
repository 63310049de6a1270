/**
 * A person's name as the account creation form takes it: one text, whose first word is the given name and whose rest is the family name.
 */

export interface PersonName {
  /** The whole name, words separated by one space. */
  readonly formatted: string
  readonly givenName: string
  /** Absent for people with one name. */
  readonly familyName?: string
}

/**
 * Splits a display name; `undefined` when it has no word in it.
 */
export const parse = (displayName: string): PersonName | undefined => {
  const [givenName, ...rest] = displayName.split(/\s+/u).filter((word) => word !== "")
  if (givenName === undefined) return undefined
  if (rest.length === 0) return { formatted: givenName, givenName }
  const familyName = rest.join(" ")
  return { formatted: `${givenName} ${familyName}`, givenName, familyName }
}
