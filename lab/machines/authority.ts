// The certificate library asks for this polyfill, before anything of it is loaded.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import type { webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { authorityFiles, type CertificateFiles } from "./place";

/** A certificate and its private key, PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const year = 365 * 24 * 60 * 60 * 1000;

/** Makes the certificate authority that stands for Let's Encrypt in the full lab, unless it is there. */
export async function ensureAuthority(directory: string): Promise<CertificateFiles> {
  const files = authorityFiles(directory);
  if (existsSync(files.certificate) && existsSync(files.key)) return files;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Authority of a lab of the estate",
    keys,
    signingAlgorithm: algorithm,
    notAfter: new Date(Date.now() + 10 * year),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const made = await pemOf(certificate, keys.privateKey);
  writeFileSync(files.key, made.key, { mode: 0o600 });
  writeFileSync(files.certificate, made.certificate);
  return files;
}

/** Makes a certificate for 127.0.0.1, signed by the authority. */
export async function issueCertificate(authority: CertificateFiles): Promise<Certificate> {
  const issuer = new x509.X509Certificate(readFileSync(authority.certificate, "utf8"));
  const [encoded] = x509.PemConverter.decode(readFileSync(authority.key, "utf8"));
  if (encoded === undefined) throw new Error(`${authority.key} holds no key`);
  const signingKey = await crypto.subtle.importKey("pkcs8", encoded, algorithm, false, ["sign"]);
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=127.0.0.1",
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    notAfter: new Date(Date.now() + 2 * year),
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: "ip", value: "127.0.0.1" },
        { type: "dns", value: "localhost" },
      ]),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ],
  });
  return pemOf(certificate, keys.privateKey);
}

async function pemOf(certificate: x509.X509Certificate, key: webcrypto.CryptoKey): Promise<Certificate> {
  const exported = await crypto.subtle.exportKey("pkcs8", key);
  return { certificate: certificate.toString("pem"), key: x509.PemConverter.encode(exported, "PRIVATE KEY") };
}
