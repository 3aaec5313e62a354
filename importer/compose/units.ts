import { canonicalQuantity } from '../../crds/units.ts';

/** Sizes and shares of a compose file as Kubernetes quantities (UNIT-3). */

const POWERS = ['b', 'k', 'm', 'g', 't'];

/** `1G`, `512mb`, `1.5g` or a number of bytes, all powers of 1024 → `1Gi`, `512Mi`, `1536Mi`. Undefined for other text. */
export function memoryQuantity(text: string): string | undefined {
  const match = /^([0-9]+(?:\.[0-9]+)?)\s*([bkmgt])?i?b?$/i.exec(text.trim());
  if (match === null) return undefined;
  const size = Math.round(Number(match[1]) * 1024 ** POWERS.indexOf((match[2] ?? 'b').toLowerCase()));
  return size % 1024 === 0 ? canonicalQuantity(`${size / 1024}Ki`) : String(size);
}

/** `1.5` CPUs → `1500m`. Undefined for other text. */
export function cpuQuantity(text: string): string | undefined {
  return /^[0-9]+(\.[0-9]+)?$/.test(text.trim()) ? canonicalQuantity(`${Math.ceil(Number(text) * 1000)}m`) : undefined;
}

/** `1m30s`, `30s`, `500ms` or a number → seconds, rounded up. Undefined for other text. */
export function seconds(text: string): number | undefined {
  if (!/^([0-9]+(\.[0-9]+)?(h|ms|m|s)?)+$/.test(text.trim())) return undefined;
  const sizes: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001, '': 1 };
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)(h|ms|m|s)?/g)];
  return Math.ceil(parts.reduce((sum, [, digits, unit = '']) => sum + Number(digits) * (sizes[unit] ?? 1), 0));
}
