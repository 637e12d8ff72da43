import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from "node:crypto";

/**
 * The handshake with which Tailscale clients meet their control server, client's side: Noise_IK_25519_ChaChaPoly_BLAKE2s
 * (https://noiseprotocol.org/noise.html, and tailscale's control/controlbase/handshake.go for what goes around it).
 */
export interface KeyPair {
  readonly secret: KeyObject;
  /** 32 bytes. */
  readonly open: Buffer;
}

export function newKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  return { secret: privateKey, open: rawOf(publicKey) };
}

function rawOf(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
}

function toKey(raw: Buffer): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv: "X25519", x: raw.toString("base64url") }, format: "jwk" });
}

const tagLength = 16;
const zeroNonce = Buffer.alloc(12);
const blake2s = (...parts: readonly Buffer[]): Buffer => {
  const hash = createHash("blake2s256");
  parts.forEach((part) => hash.update(part));
  return hash.digest();
};

export function seal(key: Buffer, nonce: Buffer, plain: Buffer, bound: Buffer = Buffer.alloc(0)): Buffer {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: tagLength });
  cipher.setAAD(bound, { plaintextLength: plain.length });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws Error when it was not sealed with this key and nonce */
export function open(key: Buffer, nonce: Buffer, sealed: Buffer, bound: Buffer = Buffer.alloc(0)): Buffer {
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: tagLength });
  const end = sealed.length - tagLength;
  decipher.setAAD(bound, { plaintextLength: end });
  decipher.setAuthTag(sealed.subarray(end));
  return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
}

/** What both sides have mixed so far. */
class Transcript {
  private hash = blake2s(Buffer.from("Noise_IK_25519_ChaChaPoly_BLAKE2s"));
  private chain = this.hash;

  mix(data: Buffer): void {
    this.hash = blake2s(this.hash, data);
  }

  agree(secret: KeyObject, other: Buffer): Buffer {
    const shared = diffieHellman({ privateKey: secret, publicKey: toKey(other) });
    const [chain, key] = this.derive(shared);
    this.chain = chain;
    return key;
  }

  seal(key: Buffer, plain: Buffer): Buffer {
    const sealed = seal(key, zeroNonce, plain, this.hash);
    this.mix(sealed);
    return sealed;
  }

  open(key: Buffer, sealed: Buffer): void {
    open(key, zeroNonce, sealed, this.hash);
    this.mix(sealed);
  }

  derive(material: Buffer): readonly [Buffer, Buffer] {
    const bytes = Buffer.from(hkdfSync("blake2s256", material, this.chain, Buffer.alloc(0), 64));
    return [bytes.subarray(0, 32), bytes.subarray(32)];
  }
}

export interface SessionKeys {
  readonly send: Buffer;
  readonly receive: Buffer;
}

/**
 * Begins a handshake: the message to send, and what to do with the 48 bytes of the answer.
 *
 * @param version the capability version the client claims
 */
export function beginHandshake(
  machine: KeyPair,
  server: Buffer,
  version: number,
): { readonly message: Buffer; readonly finish: (answer: Buffer) => SessionKeys } {
  const transcript = new Transcript();
  transcript.mix(Buffer.from(`Tailscale Control Protocol v${version}`));
  transcript.mix(server);
  const passing = newKeyPair();
  transcript.mix(passing.open);
  const sealedMachine = transcript.seal(transcript.agree(passing.secret, server), machine.open);
  const proof = transcript.seal(transcript.agree(machine.secret, server), Buffer.alloc(0));
  const header = Buffer.alloc(5);
  header.writeUInt16BE(version, 0);
  header.writeUInt8(1, 2);
  header.writeUInt16BE(96, 3);
  const finish = (answer: Buffer): SessionKeys => {
    const theirs = answer.subarray(0, 32);
    transcript.mix(theirs);
    transcript.agree(passing.secret, theirs);
    transcript.open(transcript.agree(machine.secret, theirs), answer.subarray(32));
    const [send, receive] = transcript.derive(Buffer.alloc(0));
    return { send, receive };
  };
  return { message: Buffer.concat([header, passing.open, sealedMachine, proof]), finish };
}
