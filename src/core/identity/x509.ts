/**
 * The doorway to @peculiar/x509, which makes certificates. It takes 15 MB and a tenth of a second, so it is loaded by
 * `import()` when something is to be issued; reading certificates is done with node:crypto.
 */
import 'reflect-metadata';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** P-256 with SHA-256: every AWS IoT SDK reads it, and a Pi Zero signs it in milliseconds. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** X.520 allows 64 characters in a common name. */
const COMMON_NAME_LENGTH = 64;

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface PemPair {
  readonly certificate: string;
  /** PKCS #8. */
  readonly privateKey: string;
}

export interface LeafRequest {
  readonly issuer: PemPair;
  readonly commonName: string;
  readonly validity: Validity;
  /** What the certificate is for; a server's carries the names and addresses that clients check. */
  readonly use: 'client' | { readonly server: readonly string[] };
}

export async function makeAuthority(commonName: string, validity: Validity): Promise<PemPair> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName.slice(0, COMMON_NAME_LENGTH)] }],
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemOf(certificate), privateKey: await exportKey(keys.privateKey) };
}

export async function makeLeaf(request: LeafRequest): Promise<PemPair> {
  const keys = await makeKeys();
  const issuer = new X509Certificate(request.issuer.certificate);
  const server = request.use === 'client' ? undefined : request.use.server;
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [request.commonName.slice(0, COMMON_NAME_LENGTH)] }],
    issuer: issuer.subjectName.toJSON(),
    publicKey: keys.publicKey,
    signingKey: await importKey(request.issuer.privateKey),
    signingAlgorithm: ALGORITHM,
    ...request.validity,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([server ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
      ...(server ? [new SubjectAlternativeNameExtension(server.map(generalName))] : []),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certificate: pemOf(certificate), privateKey: await exportKey(keys.privateKey) };
}

function generalName(name: string): { type: 'ip' | 'dns'; value: string } {
  return { type: isIP(name) === 0 ? 'dns' : 'ip', value: name };
}

function makeKeys(): Promise<CryptoKeyPair> {
  cryptoProvider.set(globalThis.crypto);
  return globalThis.crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function importKey(pem: string): Promise<CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return globalThis.crypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}

async function exportKey(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await globalThis.crypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${(der.match(/.{1,64}/g) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`;
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trimEnd()}\n`;
}

type CryptoKey = Awaited<ReturnType<typeof globalThis.crypto.subtle.importKey>>;
interface CryptoKeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}
