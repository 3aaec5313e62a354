import * as z from 'zod';
import type { LogLevel } from './log.ts';

/** What the environment says, checked once at the start. */
export interface OperatorConfig {
  /** Undefined: all namespaces. */
  readonly namespaces: readonly string[] | undefined;
  readonly logLevel: LogLevel;
  readonly healthPort: number;
  readonly stallAfterMs: number;
  readonly workers: number;
}

const wholeNumber = (least: number, most: number, preset: number) =>
  z.coerce.number().int().min(least).max(most).default(preset);

const namespaceName = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'is no name of a namespace');

const environment = z.object({
  PITCREW_NAMESPACES: z
    .string()
    .optional()
    .transform((text) => (text ?? '').split(',').map((part) => part.trim()))
    .transform((names) => names.filter((name) => name !== ''))
    .pipe(z.array(namespaceName)),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  PITCREW_HEALTH_PORT: wholeNumber(0, 65_535, 8080),
  PITCREW_STALL_AFTER_SECONDS: wholeNumber(1, 86_400, 600),
  PITCREW_WORKERS: wholeNumber(1, 64, 8),
  // It would change the order of what cdk8s renders, and with it every hash.
  CDK8S_DISABLE_SORT: z.undefined({ error: 'must not be set: it changes what is rendered' }).optional(),
});

/** Reads the operator's settings. Throws with the name of each variable that is wrong. */
export function configOf(env: Readonly<Record<string, string | undefined>>): OperatorConfig {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`wrong environment: ${wrong.join('; ')}`);
  }
  const { data } = parsed;
  return {
    namespaces: data.PITCREW_NAMESPACES.length === 0 ? undefined : [...new Set(data.PITCREW_NAMESPACES)],
    logLevel: data.LOG_LEVEL,
    healthPort: data.PITCREW_HEALTH_PORT,
    stallAfterMs: data.PITCREW_STALL_AFTER_SECONDS * 1000,
    workers: data.PITCREW_WORKERS,
  };
}
