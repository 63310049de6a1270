/**
 * The certificates of a sandbox: an authority that lives as long as the sandbox, and one certificate from it for the server. ECDSA on P-256, which every TLS
 * library takes. Node.js makes the keys and the signatures; the ASN.1 comes from the schemas of `@peculiar`.
 */
import { AsnConvert, OctetString } from "@peculiar/asn1-schema"
import * as X509 from "@peculiar/asn1-x509"
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"
import { isIP } from "node:net"

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"
const COMMON_NAME = "2.5.4.3"
const DAY = 24 * 60 * 60 * 1000

const nameOf = (commonName: string): X509.Name =>
  new X509.Name([
    new X509.RelativeDistinguishedName([
      new X509.AttributeTypeAndValue({ type: COMMON_NAME, value: new X509.AttributeValue({ utf8String: commonName }) })
    ])
  ])

const extension = (extnID: string, critical: boolean, value: unknown): X509.Extension =>
  new X509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })

const pemOf = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${
    Buffer.from(der).toString("base64").replaceAll(/.{64}/g, "$&\n").trimEnd()
  }\n-----END CERTIFICATE-----\n`

interface Issued {
  readonly name: string
  readonly pem: string
  readonly key: KeyObject
}

const issue = (
  name: string,
  issuer: { readonly name: string; readonly key: KeyObject } | undefined,
  extensions: ReadonlyArray<X509.Extension>
): Issued => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const algorithm = new X509.AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 })
  const now = Date.now()
  const serialNumber = randomBytes(16)
  // Positive, and so with its first bit unset.
  serialNumber[0] = (serialNumber[0] ?? 0) & 0x7f | 0x40
  const tbsCertificate = new X509.TBSCertificate({
    version: X509.Version.v3,
    serialNumber: new Uint8Array(serialNumber).buffer,
    signature: algorithm,
    issuer: nameOf(issuer?.name ?? name),
    // Tests move clocks; what they are about is not the certificate.
    validity: new X509.Validity({ notBefore: new Date(now - 30 * DAY), notAfter: new Date(now + 365 * DAY) }),
    subject: nameOf(name),
    subjectPublicKeyInfo: AsnConvert.parse(
      publicKey.export({ type: "spki", format: "der" }),
      X509.SubjectPublicKeyInfo
    ),
    extensions: new X509.Extensions([...extensions])
  })
  const signature = sign("sha256", new Uint8Array(AsnConvert.serialize(tbsCertificate)), issuer?.key ?? privateKey)
  const certificate = new X509.Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: new Uint8Array(signature).buffer
  })
  return { name, pem: pemOf(new Uint8Array(AsnConvert.serialize(certificate))), key: privateKey }
}

export interface Certificates {
  /** PEM. */
  readonly authority: string
  /** PEM, the server's certificate. */
  readonly certificate: string
  /** PEM, PKCS #8. */
  readonly key: string
}

/** Certificates for a server of these host names and addresses. */
export const make = (hosts: ReadonlyArray<string>): Certificates => {
  const authority = issue(`c1-sandbox authority ${randomBytes(4).toString("hex")}`, undefined, [
    extension(X509.id_ce_basicConstraints, true, new X509.BasicConstraints({ cA: true })),
    extension(X509.id_ce_keyUsage, true, new X509.KeyUsage(X509.KeyUsageFlags.keyCertSign))
  ])
  const leaf = issue("c1-sandbox", authority, [
    extension(X509.id_ce_basicConstraints, true, new X509.BasicConstraints({ cA: false })),
    extension(X509.id_ce_keyUsage, true, new X509.KeyUsage(X509.KeyUsageFlags.digitalSignature)),
    extension(X509.id_ce_extKeyUsage, false, new X509.ExtendedKeyUsage([X509.id_kp_serverAuth])),
    extension(
      X509.id_ce_subjectAltName,
      false,
      new X509.SubjectAlternativeName(
        [...new Set(hosts)].map((host) =>
          new X509.GeneralName(isIP(host) === 0 ? { dNSName: host } : { iPAddress: host })
        )
      )
    )
  ])
  return {
    authority: authority.pem,
    certificate: leaf.pem,
    key: leaf.key.export({ type: "pkcs8", format: "pem" }).toString()
  }
}
