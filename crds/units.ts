/**
 * Parsing and formatting of every unit that a profile may contain, and nowhere else (rule UNIT-1..5).
 * Inside the project numbers are plain: bytes, kilobytes (kB, of 1024), millicores, seconds.
 */

const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['k', 'M', 'G', 'T', 'P', 'E'];
const SMALL = ['n', 'u', 'm'];

/** Kubernetes quantities that pitcrew takes: plain or milli numbers with a binary or decimal suffix. */
export const QUANTITY_PATTERN = '^[0-9]{1,12}(\\.[0-9]{1,3})?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$';

/**
 * PostgreSQL's own memory units: powers of 1024 with a B at the end; `Mi` and bare numbers are refused (UNIT-1),
 * and so is a leading zero, which the server reads as octal.
 */
export const PG_SIZE_PATTERN = '^[1-9][0-9]{0,9}(kB|MB|GB|TB)$';

/**
 * Value of a Kubernetes quantity in base units (bytes, or cores), in every form in which the API server sends one.
 * Throws on text that is not a quantity.
 */
export function parseQuantity(quantity: string | number): number {
  const text = String(quantity);
  const match = /^([0-9]+(?:\.[0-9]+)?)([num]|[kMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$/.exec(text);
  if (match === null) throw new RangeError(`not a quantity: ${text}`);
  return Number(match[1]) * factorOf(match[2]);
}

function factorOf(suffix: string | undefined): number {
  if (suffix === undefined) return 1;
  const small = SMALL.indexOf(suffix);
  if (small >= 0) return 1000 ** (small - SMALL.length);
  if (/^[eE].*[0-9]$/.test(suffix)) return 10 ** Number(suffix.slice(1));
  const binary = BINARY.indexOf(suffix);
  return binary >= 0 ? 1024 ** (binary + 1) : 1000 ** (DECIMAL.indexOf(suffix) + 1);
}

/** CPU quantity in millicores, rounded up as the scheduler does: `1.5` → 1500. */
export function milliCores(quantity: string | number): number {
  return Math.ceil(Math.round(parseQuantity(quantity) * 1e6) / 1e3);
}

/** Memory or storage quantity in bytes. */
export function bytes(quantity: string | number): number {
  return Math.round(parseQuantity(quantity));
}

/**
 * The quantity as the API server stores it: `1000m` → `1`, `1024Mi` → `1Gi`, `0.5` → `500m`. What is sent in
 * this form never looks changed when another writer sets the same value.
 */
export function canonicalQuantity(quantity: string | number): string {
  const isBinary = /[KMGTPE]i$/.test(String(quantity));
  const value = parseQuantity(quantity);
  if (isBinary && Number.isInteger(value) && value > 0) return scaled(value, 1024, BINARY);
  const millis = Math.ceil(Math.round(value * 1e6) / 1e3);
  return millis % 1000 === 0 ? scaled(millis / 1000, 1000, DECIMAL) : `${millis}m`;
}

function scaled(value: number, base: number, suffixes: readonly string[]): string {
  let rest = value;
  let suffix = '';
  for (const next of suffixes) {
    if (rest === 0 || rest % base !== 0) break;
    rest /= base;
    suffix = next;
  }
  return `${rest}${suffix}`;
}

/** Memory quantity in MiB, rounded down. */
export function mebibytes(quantity: string | number): number {
  return Math.floor(bytes(quantity) / 2 ** 20);
}

/** PostgreSQL size in kB (1024 bytes): `2621kB` → 2621, `1GB` → 1048576. Throws on other text. */
export function pgKilobytes(size: string): number {
  const match = /^([0-9]+)(kB|MB|GB|TB)$/.exec(size);
  if (match === null) throw new RangeError(`not a PostgreSQL size: ${size}`);
  return Number(match[1]) * 1024 ** ['kB', 'MB', 'GB', 'TB'].indexOf(match[2] as string);
}

/** kB as PostgreSQL writes it, in the largest unit that keeps it whole: 262144 → `256MB`. */
export function formatPgSize(kilobytes: number): string {
  const whole = Math.floor(kilobytes);
  if (whole > 0 && whole % 1024 ** 2 === 0) return `${whole / 1024 ** 2}GB`;
  if (whole > 0 && whole % 1024 === 0) return `${whole / 1024}MB`;
  return `${whole}kB`;
}

/** Bytes as nginx writes a size: whole `m` or `k` where that is exact, else bytes (UNIT-2: no `g`, no fractions). */
export function formatNginxSize(size: number): string {
  const whole = Math.round(size);
  if (whole > 0 && whole % 2 ** 20 === 0) return `${whole / 2 ** 20}m`;
  if (whole > 0 && whole % 1024 === 0) return `${whole / 1024}k`;
  return String(whole);
}

/** MiB as a Kubernetes quantity. */
export function formatMebibytes(size: number): string {
  return `${Math.ceil(size)}Mi`;
}
