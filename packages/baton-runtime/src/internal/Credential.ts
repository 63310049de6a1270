/**
 * The certificates with which a parent and its child know each other: an authority and two leaves that live as long as the two processes, with Ed25519
 * keys as Go's parent makes them. Node.js makes the keys and the signatures; the ASN.1 comes from the schemas of `@peculiar`.
 */
import {
  type Credential as CredentialMessage,
  CredentialSchema
} from "@access-kit/baton-protocol/gen/c1/utls/v1/tls_pb"
import { create } from "@bufbuild/protobuf"
import { AsnConvert, OctetString } from "@peculiar/asn1-schema"
import * as X509 from "@peculiar/asn1-x509"
import * as Redacted from "effect/Redacted"
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate
} from "node:crypto"
import * as Security from "../Security.ts"

const ED25519 = "1.3.101.112"

const COUNTRY = "2.5.4.6"
const STATE = "2.5.4.8"
const LOCALITY = "2.5.4.7"
const ORGANIZATION = "2.5.4.10"
const UNIT = "2.5.4.11"
const COMMON_NAME = "2.5.4.3"

const DAY = 24 * 60 * 60 * 1000

const attribute = (type: string, value: string) =>
  new X509.RelativeDistinguishedName([
    new X509.AttributeTypeAndValue({ type, value: new X509.AttributeValue({ utf8String: value }) })
  ])

const nameOf = (commonName: string): X509.Name =>
  new X509.Name([
    attribute(COUNTRY, "US"),
    attribute(STATE, "OR"),
    attribute(LOCALITY, "Portland"),
    attribute(ORGANIZATION, "ConductorOne"),
    attribute(UNIT, "connector sdk"),
    attribute(COMMON_NAME, commonName)
  ])

const extension = (extnID: string, critical: boolean, value: unknown): X509.Extension =>
  new X509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })

interface Issued {
  readonly certificate: Uint8Array
  readonly key: KeyObject
}

interface Subject {
  readonly name: string
  readonly days: number
  readonly extensions: ReadonlyArray<X509.Extension>
}

const issue = (subject: Subject, issuer: { readonly name: string; readonly key: KeyObject } | undefined): Issued => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  const algorithm = new X509.AlgorithmIdentifier({ algorithm: ED25519 })
  const now = Date.now()
  // Positive, and so with its first bit unset.
  const serialNumber = randomBytes(16)
  serialNumber[0] = (serialNumber[0] ?? 0) & 0x7f | 0x40
  const tbsCertificate = new X509.TBSCertificate({
    version: X509.Version.v3,
    serialNumber: new Uint8Array(serialNumber).buffer,
    signature: algorithm,
    issuer: nameOf(issuer?.name ?? subject.name),
    // A clock that is a little behind must not find the certificate not valid yet.
    validity: new X509.Validity({
      notBefore: new Date(now - 5 * 60 * 1000),
      notAfter: new Date(now + subject.days * DAY)
    }),
    subject: nameOf(subject.name),
    subjectPublicKeyInfo: AsnConvert.parse(
      publicKey.export({ type: "spki", format: "der" }),
      X509.SubjectPublicKeyInfo
    ),
    extensions: new X509.Extensions([...subject.extensions])
  })
  const signature = sign(null, new Uint8Array(AsnConvert.serialize(tbsCertificate)), issuer?.key ?? privateKey)
  const certificate = new X509.Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: new Uint8Array(signature).buffer
  })
  return { certificate: new Uint8Array(AsnConvert.serialize(certificate)), key: privateKey }
}

const AUTHORITY = "c1-connector-ca"

const authorityExtensions = (): ReadonlyArray<X509.Extension> => [
  extension(X509.id_ce_basicConstraints, true, new X509.BasicConstraints({ cA: true })),
  extension(
    X509.id_ce_keyUsage,
    true,
    new X509.KeyUsage(X509.KeyUsageFlags.keyCertSign | X509.KeyUsageFlags.digitalSignature)
  )
]

const leafExtensions = (): ReadonlyArray<X509.Extension> => [
  extension(X509.id_ce_basicConstraints, true, new X509.BasicConstraints({ cA: false })),
  extension(X509.id_ce_keyUsage, true, new X509.KeyUsage(X509.KeyUsageFlags.digitalSignature)),
  extension(
    X509.id_ce_extKeyUsage,
    false,
    new X509.ExtendedKeyUsage([X509.id_kp_clientAuth, X509.id_kp_serverAuth])
  ),
  extension(
    X509.id_ce_subjectAltName,
    false,
    new X509.SubjectAlternativeName([
      new X509.GeneralName({ iPAddress: "127.0.0.1" }),
      new X509.GeneralName({ iPAddress: "::1" })
    ])
  )
]

const pemOf = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${
    Buffer.from(der).toString("base64").replaceAll(/.{64}/g, "$&\n").trimEnd()
  }\n-----END ${label}-----\n`

/** The raw 64-byte form of Go: the seed, then the public key. */
const rawKeyOf = (key: KeyObject): Uint8Array => {
  const { d = "", x = "" } = key.export({ format: "jwk" })
  return new Uint8Array(Buffer.concat([Buffer.from(d, "base64url"), Buffer.from(x, "base64url")]))
}

const securityOf = (authority: Uint8Array, certificate: Uint8Array, key: KeyObject): Security.Security =>
  Security.MutualTls({
    authority: pemOf("CERTIFICATE", authority),
    certificate: pemOf("CERTIFICATE", certificate),
    key: Redacted.make(key.export({ type: "pkcs8", format: "pem" }).toString(), { label: "private key" })
  })

/** What a parent and its child need to know each other. */
export interface Pair {
  /** For the parent's own calls. */
  readonly client: Security.Security
  /** For servers of the parent, which the child calls with the credential that it serves with. */
  readonly server: Security.Security
  /** What the child is sent. It holds a private key. */
  readonly message: Redacted.Redacted<CredentialMessage>
}

export const generate = (): Pair => {
  const authority = issue({ name: AUTHORITY, days: 20 * 365, extensions: authorityExtensions() }, undefined)
  const issuer = { name: AUTHORITY, key: authority.key }
  const client = issue({ name: "c1-connector-client", days: 365, extensions: leafExtensions() }, issuer)
  const server = issue({ name: "c1-connector-server", days: 365, extensions: leafExtensions() }, issuer)
  return {
    client: securityOf(authority.certificate, client.certificate, client.key),
    server: securityOf(authority.certificate, server.certificate, server.key),
    message: Redacted.make(
      create(CredentialSchema, {
        caCert: authority.certificate,
        key: rawKeyOf(server.key),
        cert: server.certificate
      }),
      { label: "credential" }
    )
  }
}

/** Before the 32 bytes of the seed in PKCS #8. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex")

/**
 * The credential that a child was sent. Throws where it isn't one: a key of another length or kind, a certificate that can't be read, a certificate
 * for another key.
 */
export const read = (credential: CredentialMessage): Security.Security => {
  if (credential.key.length !== 64) throw new Error(`The key has ${credential.key.length} bytes instead of 64.`)
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, credential.key.subarray(0, 32)]),
    format: "der",
    type: "pkcs8"
  })
  const certificate = new X509Certificate(credential.cert)
  const authority = new X509Certificate(credential.caCert)
  const own = createPublicKey(key).export({ type: "spki", format: "der" })
  if (!certificate.publicKey.export({ type: "spki", format: "der" }).equals(own)) {
    throw new Error("The certificate is for another key.")
  }
  if (!certificate.verify(authority.publicKey)) throw new Error("The certificate is not from that authority.")
  return securityOf(credential.caCert, credential.cert, key)
}
