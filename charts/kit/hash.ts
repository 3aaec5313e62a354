import { createHash } from 'node:crypto';

/** First 16 hex digits of SHA-256: short enough to read, long enough not to meet by chance. */
export function hashOf(...parts: readonly string[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(`${part.length}:${part}`);
  return sum.digest('hex').slice(0, 16);
}

/** Eight digits, for names. */
export function shortHashOf(...parts: readonly string[]): string {
  return hashOf(...parts).slice(0, 8);
}
