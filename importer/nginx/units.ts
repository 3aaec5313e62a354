import { canonicalQuantity } from '../../crds/units.ts';

/** Sizes and times of nginx (ngx_parse.c): `k m g` are powers of 1024, times are `ms s m h d w M y` one behind the other. */

/** `128k` → `128Ki`; undefined for other text. */
export function sizeQuantity(text: string): string | undefined {
  const match = /^([0-9]{1,12})([kmg])?$/i.exec(text);
  if (match === null) return undefined;
  const suffix = { k: 'Ki', m: 'Mi', g: 'Gi' }[(match[2] ?? '').toLowerCase()];
  if (suffix !== undefined) return canonicalQuantity(`${match[1]}${suffix}`);
  const size = Number(match[1]);
  return size > 0 && size % 1024 === 0 ? canonicalQuantity(`${size / 1024}Ki`) : String(size);
}

const SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  '': 1,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  M: 2_592_000,
  y: 31_536_000,
};

/** `1h30m` → 5400; rounded up to whole seconds; undefined for other text. */
export function timeSeconds(text: string): number | undefined {
  if (!/^([0-9]{1,9}(ms|[smhdwMy])?\s*)+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/([0-9]+)(ms|[smhdwMy])?/g)];
  return Math.ceil(parts.reduce((sum, [, digits, unit = '']) => sum + Number(digits) * (SECONDS[unit] ?? 1), 0));
}

/** `max_size=100m` in the arguments of a directive → `100m`. */
export function parameterOf(args: readonly string[], name: string): string | undefined {
  return args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
}
