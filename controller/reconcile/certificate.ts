import { createPrivateKey, X509Certificate } from 'node:crypto';

/** The pair of a kubernetes.io/tls Secret, looked at as nginx and a browser will look at it. Keeps nothing of the key. */

/** What is to be known of a pair. */
export interface PairDigest {
  /** Why nginx would not start with it; never quotes the Secret. */
  readonly problem: string | undefined;
  readonly validFrom: number;
  readonly validTo: number;
}

/** Requirements with both of these keys are pairs. */
export const isPair = (keys: readonly string[]): boolean => keys.includes('tls.crt') && keys.includes('tls.key');

/** This long before its end a certificate is worth a word. */
const EXPIRING_MS = 14 * 24 * 3_600_000;

/** Pure. */
export function pairOf(certificate: string, key: string): PairDigest {
  const unusable = (problem: string): PairDigest => ({ problem, validFrom: 0, validTo: Number.POSITIVE_INFINITY });
  const chain = certificate.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END [^-]*-----/g) ?? [];
  const parsed = chain.map((pem) => attempt(() => new X509Certificate(pem)));
  const [leaf] = parsed;
  if (leaf === undefined) return unusable('tls.crt holds no certificate in PEM');
  if (parsed.includes(undefined)) return unusable('tls.crt holds a certificate of its chain that cannot be read');
  const privateKey = attempt(() => createPrivateKey(key));
  if (privateKey === undefined) return unusable('tls.key holds no private key in PEM, or one with a passphrase');
  if (attempt(() => leaf.checkPrivateKey(privateKey)) !== true) {
    return unusable('tls.key does not belong to the first certificate of tls.crt');
  }
  return { problem: undefined, validFrom: Date.parse(leaf.validFrom), validTo: Date.parse(leaf.validTo) };
}

/** Why clients would not accept it, or why nginx would not; undefined: all is well. Pure. */
export function pairProblem({ problem, validFrom, validTo }: PairDigest, nowMs: number): string | undefined {
  if (problem !== undefined) return problem;
  if (validTo <= nowMs) return `its certificate expired at ${timeOf(validTo)}`;
  return validFrom > nowMs ? `its certificate is not valid before ${timeOf(validFrom)}` : undefined;
}

/** The end of a certificate that is near; undefined: it is not. Pure. */
export const expiresSoon = ({ problem, validTo }: PairDigest, nowMs: number): string | undefined =>
  problem === undefined && validTo > nowMs && validTo - nowMs <= EXPIRING_MS ? timeOf(validTo) : undefined;

const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
