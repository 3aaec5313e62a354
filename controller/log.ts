import { type DestinationStream, type Logger, pino } from 'pino';

/** One JSON line per call: fields first, then a constant message. What varies is a field, never part of the message. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> & {
  /** The same log with more fields on each line. */
  readonly with: (fields: Readonly<Record<string, unknown>>) => Log;
};

/** How loud. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Where from and how loud. */
export interface LogOptions {
  /** Default `info`. */
  readonly level?: LogLevel | undefined;
  /** Default: standard output. */
  readonly destination?: DestinationStream | undefined;
}

/** What every line of a pass carries; the names are controller-runtime's, so that one query finds all operators. */
export interface PassFields {
  readonly controller: string;
  readonly namespace: string;
  readonly name: string;
  readonly reconcileID: string;
  readonly generation?: number | undefined;
}

/** The log of the process. */
export function createLog(options: LogOptions = {}): Log {
  const settings = {
    level: options.level ?? 'info',
    base: {},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => redacted(fields) as Record<string, unknown>,
      bindings: (fields: Record<string, unknown>) => redacted(fields) as Record<string, unknown>,
    },
    serializers: { error: errorOf, err: errorOf },
  };
  return wrap(options.destination === undefined ? pino(settings) : pino(settings, options.destination));
}

/** The log of one pass. */
export const passLog = (log: Log, fields: PassFields): Log => log.with({ ...fields });

function wrap(logger: Logger): Log {
  return {
    debug: logger.debug.bind(logger),
    info: logger.info.bind(logger),
    warn: logger.warn.bind(logger),
    error: logger.error.bind(logger),
    with: (fields) => wrap(logger.child(redacted(fields) as Record<string, unknown>)),
  };
}

const SECRET_NAME = /password|passwd|token|secret|authorization|credential/i;
/** Names of Secrets and the like are no secrets, and without them a line says nothing. */
const HARMLESS_NAME = /^(secretName|secretRef|secretKeyRef)$/;
const REDACTED = '[redacted]';
/** Deeper than anything we log; ends cycles. */
const MAX_DEPTH = 8;

/** The same value, with what stands under the name of a secret taken out, at any depth. */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error || value instanceof Date) return value;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => redacted(item, depth + 1));
  // An environment variable carries its name as a value.
  const isSecretPair = 'name' in value && 'value' in value && isSecretName(String(value.name));
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => {
      const hidden = (isSecretName(name) || (isSecretPair && name === 'value')) && held !== undefined && held !== null;
      return [name, hidden ? REDACTED : redacted(held, depth + 1)];
    }),
  );
}

const isSecretName = (name: string): boolean => SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);

/** An error for the log: its chain of causes, the stack of the outermost, and nothing else that hangs on it. */
export function errorOf(error: unknown): unknown {
  if (!(error instanceof Error)) return redacted(error);
  const causes: string[] = [];
  let cause: unknown = error.cause;
  while (cause instanceof Error && causes.length < MAX_DEPTH) {
    causes.push(`${cause.name}: ${cause.message}`);
    cause = cause.cause;
  }
  return { name: error.name, message: error.message, stack: error.stack, ...(causes.length === 0 ? {} : { causes }) };
}
