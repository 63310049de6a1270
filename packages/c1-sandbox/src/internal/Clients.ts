/** The connectors that C1 knows: their keys, whether they are revoked, and the access tokens that they hold. */
import * as Redacted from "effect/Redacted"
import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto"

export interface Credentials {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
}

interface Client {
  key: KeyObject
  revoked: boolean
}

interface Token {
  readonly clientId: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** Why a call is refused. */
export type TokenFault = "missing" | "unknown" | "expired" | "revoked"

const digest = (token: string): string => createHash("sha256").update(token).digest("base64url")

/** The third part names the form of the fourth: a private Ed25519 key as an unpadded base64url JWK. */
const secretOf = (key: KeyObject): Redacted.Redacted<string> =>
  Redacted.make(
    `secret-token:conductorone.com:v1:${
      Buffer.from(JSON.stringify(key.export({ format: "jwk" }))).toString("base64url")
    }`,
    { label: "client secret" }
  )

export class Clients {
  readonly #clients = new Map<string, Client>()
  /** By digest, so that a token is nowhere to be read. */
  #tokens = new Map<string, Token>()

  /** A new client, or a new key for one that is there: the old key is worth nothing from then on, as after "Rotate" in C1. */
  issue(clientId: string): Credentials {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519")
    const known = this.#clients.get(clientId)
    if (known === undefined) this.#clients.set(clientId, { key: publicKey, revoked: false })
    else known.key = publicKey
    return { clientId, clientSecret: secretOf(privateKey) }
  }

  /** False where there is no such client. */
  setRevoked(clientId: string, revoked: boolean): boolean {
    const client = this.#clients.get(clientId)
    if (client !== undefined) client.revoked = revoked
    return client !== undefined
  }

  find(clientId: string): { readonly key: KeyObject; readonly revoked: boolean } | undefined {
    return this.#clients.get(clientId)
  }

  /** A new access token. It is worth something as long as there is such a client. */
  grantToken(clientId: string, expiresAt: number): string {
    const token = randomBytes(32).toString("base64url")
    this.#tokens.set(digest(token), { clientId, expiresAt })
    return token
  }

  /** Every token that is out is refused from now on. */
  forgetTokens(): void {
    this.#tokens = new Map()
  }

  /** The client that an `authorization` header stands for. */
  identify(header: string | undefined, now: number): { readonly clientId: string } | { readonly fault: TokenFault } {
    const given = /^bearer +(\S+)$/i.exec(header ?? "")?.[1]
    if (given === undefined) return { fault: "missing" }
    const token = this.#tokens.get(digest(given))
    if (token === undefined) return { fault: "unknown" }
    if (this.#clients.get(token.clientId)?.revoked !== false) return { fault: "revoked" }
    if (token.expiresAt <= now) return { fault: "expired" }
    return { clientId: token.clientId }
  }
}
