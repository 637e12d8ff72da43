// The certificate library asks for this polyfill, before anything of it is loaded.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { createPrivateKey, type KeyObject, type webcrypto } from "node:crypto";
import { isIP } from "node:net";
import type { Certificate } from "../machines/authority";

/** Who a certificate is for. */
export interface Subject {
  readonly commonName: string;
  /** Kubernetes takes it for a group. @default none */
  readonly organization?: string;
  /** Names and addresses under which a server answers. @default it is a client's only */
  readonly serves?: readonly string[];
}

const leafAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** As long as Talos' own: https://github.com/siderolabs/talos/blob/v1.12.0/internal/app/machined/pkg/controllers/secrets/kubernetes.go */
const lifetime = 365 * 24 * 60 * 60 * 1000;
/** Clocks may differ that much. */
const tolerance = 60 * 60 * 1000;

/** Makes a certificate that an authority signs: a client's, and a server's too when it serves. */
export async function issueCertificate(authority: Certificate, subject: Subject): Promise<Certificate> {
  const { commonName, organization, serves = [] } = subject;
  const issuer = new x509.X509Certificate(authority.certificate);
  const { algorithm, key: signingKey } = await signingKeyOf(authority.key);
  const keys = await crypto.subtle.generateKey(leafAlgorithm, true, ["sign", "verify"]);
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [...(organization === undefined ? [] : [{ O: [organization] }]), { CN: [commonName] }],
    // As it is encoded there: verifiers compare bytes.
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - tolerance),
    notAfter: new Date(Date.now() + lifetime),
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension(serves.length === 0 ? [clientAuth] : [clientAuth, serverAuth]),
      ...(serves.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(serves.map(generalName))]),
    ],
  });
  const exported = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { certificate: certificate.toString("pem"), key: x509.PemConverter.encode(exported, "PRIVATE KEY") };
}

function generalName(name: string): x509.JsonGeneralName {
  return { type: isIP(name) === 0 ? "dns" : "ip", value: name };
}

interface SigningKey {
  readonly algorithm: webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams;
  readonly key: webcrypto.CryptoKey;
}

/** Reads an authority's key in whatever form it is: talosctl writes "EC PRIVATE KEY", others PKCS #8 or RSA. */
async function signingKeyOf(pem: string): Promise<SigningKey> {
  const key = createPrivateKey(pem);
  const algorithm = algorithmOf(key);
  const encoded = key.export({ type: "pkcs8", format: "der" });
  return { algorithm, key: await crypto.subtle.importKey("pkcs8", encoded, algorithm, false, ["sign"]) };
}

const curves: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  if (asymmetricKeyType === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const namedCurve = curves[asymmetricKeyDetails?.namedCurve ?? ""];
  if (namedCurve === undefined)
    throw new Error(`An authority of Kubernetes has a key of type ${String(asymmetricKeyType)}, not RSA or ECDSA`);
  return { name: "ECDSA", namedCurve, hash: "SHA-256" };
}
