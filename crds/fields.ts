import * as z from 'zod';
import { PG_SIZE_PATTERN, parseQuantity, pgKilobytes, QUANTITY_PATTERN } from './units.ts';

/**
 * The kinds of field that tiers are made of. Every string has a maximum length and every list a maximum
 * number of items: CEL estimates the cost of a rule from them, and no input can be without bound.
 */

/** A validation that travels with a field: CEL for the API server, a predicate for everybody else. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

/** Attaches a CEL rule and its TypeScript twin to a schema; a test runs both against the same inputs. */
export function withCel<T extends z.ZodType>(schema: T, cel: CelRule, holds: (value: z.output<T>) => boolean): T {
  return (
    schema
      // As in the API server, a rule is asked only about values that pass their schema.
      .refine((value) => holds(value as z.output<T>), { error: cel.message, when: ({ issues }) => issues.length === 0 })
      .meta({ ...schema.meta(), 'x-kubernetes-validations': [cel] }) as T
  );
}

const quantityText = z.string().max(20).regex(new RegExp(QUANTITY_PATTERN));

/** A Kubernetes quantity for bytes or CPU: `512Mi`, `500m`, or a bare number. */
export const quantity = () => z.union([z.int().min(0), quantityText]);

/** A quantity of bytes, bounded on both sides by quantities: `quantityBetween('1Ki', '8Mi')`. */
export function quantityBetween(minimum: string, maximum: string) {
  const [low, high] = [parseQuantity(minimum), parseQuantity(maximum)];
  const message = `must be a quantity between ${minimum} and ${maximum}`;
  const compare = (bound: string) => `quantity(string(self)).compareTo(quantity('${bound}'))`;
  const isWithin = (text: string) => parseQuantity(text) >= low && parseQuantity(text) <= high;
  const options = [
    z.int().min(Math.ceil(low), message).max(Math.floor(high), message),
    // Refinements run after a pattern that does not match, too.
    quantityText.refine((text) => !new RegExp(QUANTITY_PATTERN).test(text) || isWithin(text), { error: message }),
  ] as const;
  return z.union(options, { error: message }).meta({
    'x-kubernetes-validations': [{ rule: `${compare(minimum)} >= 0 && ${compare(maximum)} <= 0`, message }],
  });
}

/** CEL for the number of kB in a PostgreSQL size string; the pattern has made sure of digits and suffix. */
export function celKilobytes(self: string): string {
  const digits = `int(${self}.substring(0, size(${self}) - 2))`;
  return `(${self}.endsWith('kB') ? ${digits} : ${self}.endsWith('MB') ? ${digits} * 1024 : ${self}.endsWith('GB') ? ${digits} * 1048576 : ${digits} * 1073741824)`;
}

/** A size in PostgreSQL's own units (`256MB`), bounded in kB on both sides. */
export function pgSize(minimumKb: number, maximumKb: number) {
  return withCel(
    z.string().min(3).max(12).regex(new RegExp(PG_SIZE_PATTERN)),
    {
      rule: `self.matches('${PG_SIZE_PATTERN}') && ${celKilobytes('self')} >= ${minimumKb} && ${celKilobytes('self')} <= ${maximumKb}`,
      message: `must be a size between ${minimumKb}kB and ${maximumKb}kB in kB, MB, GB or TB (powers of 1024)`,
    },
    (size) => {
      if (!new RegExp(PG_SIZE_PATTERN).test(size)) return false;
      const kilobytes = pgKilobytes(size);
      return kilobytes >= minimumKb && kilobytes <= maximumKb;
    },
  );
}

/** A decimal number kept as text, since the API conventions allow no floats in a spec: `0.9`. */
export const decimal = () =>
  z
    .string()
    .max(10)
    .regex(/^[0-9]{1,5}(\.[0-9]{1,4})?$/);

/** A DNS host name in lower case, without a trailing dot; a newline or a quote can not pass. */
export const hostName = () =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);

/** Name of a Kubernetes object in the profile's own namespace. */
export const objectName = () =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);

/** An image reference. Only characters that such a reference can have. */
export const image = () =>
  z
    .string()
    .min(1)
    .max(512)
    .regex(/^[a-zA-Z0-9][-a-zA-Z0-9._/:@]{0,511}$/);

/** Absolute path in a container, of safe characters and without `..`. */
export const containerPath = () =>
  withCel(
    z
      .string()
      .min(2)
      .max(200)
      .regex(/^(\/[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,62}){1,10}$/),
    {
      rule: `!(self in ['${TAKEN_PATHS.join("', '")}']) && !self.startsWith('/etc/pitcrew')`,
      message: '/tmp is writable already, and system directories can not be replaced: leave it out',
    },
    (path) => !TAKEN_PATHS.includes(path) && !path.startsWith('/etc/pitcrew'),
  );

/** Directories that every pod has, with a meaning of their own. */
const TAKEN_PATHS = ['/tmp', '/etc', '/dev', '/dev/shm', '/proc', '/sys'];

/** Path of a URL: `/api/products`. */
export const urlPath = () =>
  z
    .string()
    .min(1)
    .max(200)
    .regex(/^\/([a-zA-Z0-9_-][a-zA-Z0-9._~-]{0,62}\/?){0,10}$/);

/** Name of an HTTP cookie, as a token of RFC 6265 less the characters that mean something to nginx or a regex. */
export const cookieName = () =>
  z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Za-z0-9_-]+$/);

export const tcpPort = () => z.int().min(1).max(65535);

/** A block of IP addresses, IPv4 or IPv6, with its prefix length. */
export const cidr = () =>
  withCel(
    z
      .string()
      .min(3)
      .max(49)
      .regex(/^([0-9.]{7,15}|[0-9a-fA-F:]{2,39})\/[0-9]{1,3}$/),
    { rule: 'isCIDR(self)', message: 'must be a block of addresses such as 10.42.0.0/16 or fd00::/8' },
    isCidr,
  );

/** What `isCIDR` of Kubernetes says: no IPv4 addresses in the clothes of IPv6. */
function isCidr(text: string): boolean {
  if (z.cidrv4().safeParse(text).success) return true;
  if (!z.cidrv6().safeParse(text).success) return false;
  return !new URL(`http://[${text.split('/')[0]}]`).hostname.startsWith('[::ffff:');
}

const envName = () =>
  z
    .string()
    .min(1)
    .max(128)
    .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/);

const keySelector = (what: string) =>
  z
    .strictObject({
      name: objectName().describe(`Name of the ${what} in the profile's namespace.`),
      key: z
        .string()
        .min(1)
        .max(253)
        .regex(/^([-_a-zA-Z0-9]|\.[-_a-zA-Z0-9])[-._a-zA-Z0-9]*$/)
        .describe(`Key in the ${what}.`),
      optional: z.boolean().optional().describe('Whether the container may start without it.'),
    })
    .describe(`Takes the value from a key of a ${what}.`);

const envVar = z.strictObject({
  name: envName().describe('Name of the environment variable.'),
  value: z.string().max(4096).optional().describe('Literal value. Secrets belong into valueFrom.secretKeyRef.'),
  valueFrom: z
    .strictObject({
      secretKeyRef: keySelector('Secret').optional(),
      configMapKeyRef: keySelector('ConfigMap').optional(),
    })
    .optional()
    .describe('Source of the value; exactly one of the fields below.'),
});

/** A Kubernetes EnvVar list, merged by name. */
export const envList = () =>
  z
    .array(
      withCel(
        envVar,
        {
          rule: '!(has(self.value) && has(self.valueFrom)) && (!has(self.valueFrom) || (has(self.valueFrom.secretKeyRef) != has(self.valueFrom.configMapKeyRef)))',
          message: 'set value or exactly one source in valueFrom, not both',
        },
        (entry) => {
          if (entry.valueFrom === undefined) return true;
          const sources = [entry.valueFrom.secretKeyRef, entry.valueFrom.configMapKeyRef].filter(Boolean).length;
          return entry.value === undefined && sources === 1;
        },
      ),
    )
    .max(100)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] });

export type EnvVar = z.output<typeof envVar>;
