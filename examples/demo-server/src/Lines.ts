/**
 * The lines to try: each can be pasted into a shell in which `TOKEN` is set, and answers something worth seeing.
 */

/** What the lines are about. */
export interface Subject {
  readonly url: string
  readonly connectorId: string
  readonly account: { readonly id: string; readonly name: string }
  readonly entitlementId: string
  readonly group: string
}

export interface Line {
  readonly what: string
  readonly command: string
}

const get = (url: string): string => `curl -s -H "Authorization: Bearer $TOKEN" '${url}'`

/** Two minutes from when the line is run, by any Node.js, since the `date` of macOS and that of Linux count differently. */
const soon = "$(node -p 'new Date(Date.now() + 120000).toISOString()')"

/** In the order in which they tell a story. */
export const lines = ({ account, connectorId, entitlementId, group, url }: Subject): readonly [
  accounts: Line,
  access: Line,
  grant: Line,
  operation: Line,
  audit: Line
] => {
  const connector = `${url}/v1/connectors/${connectorId}`
  const body = (key: string, value: string) => `\\"${key}\\":\\"${value}\\"`
  const payload = [
    body("entitlementId", entitlementId),
    body("principalId", account.id),
    body("expiresAt", soon)
  ].join(",")
  return [
    { what: "who has an account", command: get(`${connector}/accounts?status=enabled&limit=3`) },
    {
      what: `what ${account.name} has access to`,
      command: get(`${connector}/accounts/${encodeURIComponent(account.id)}/access`)
    },
    {
      what: `${account.name} into ${group}, for two minutes`,
      command:
        `curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d "{${payload}}" '${connector}/grants'`
    },
    { what: "the newest change, and what came of it", command: get(`${url}/v1/operations?limit=1`) },
    { what: "who did what", command: get(`${url}/v1/audit?limit=5`) }
  ]
}
