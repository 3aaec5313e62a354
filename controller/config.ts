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
  readonly metrics: MetricsConfig;
  /** Undefined: no election; whoever starts the operator sees to it that no two run. */
  readonly election: ElectionConfig | undefined;
}

/** By which Lease the processes of an operator agree on who works. */
export interface ElectionConfig {
  /** The pod's name, since no two pods have one at a time; undefined: the process makes one up. */
  readonly identity: string | undefined;
  /** Undefined: that of the service account or of the context. */
  readonly namespace: string | undefined;
}

/** Where and to whom `/metrics` is shown. */
export interface MetricsConfig {
  /** Undefined: on the health port. */
  readonly port: number | undefined;
  /** PEM files; they may be renewed at any time. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** `Kubernetes`: to whom the API server lets `get` the path `/metrics`. */
  readonly auth: 'None' | 'Kubernetes';
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
  PITCREW_METRICS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  PITCREW_METRICS_TLS_CERT_FILE: z.string().min(1).optional(),
  PITCREW_METRICS_TLS_KEY_FILE: z.string().min(1).optional(),
  PITCREW_METRICS_AUTH: z.enum(['None', 'Kubernetes']).default('None'),
  PITCREW_LEADER_ELECTION: z.enum(['true', 'false']).default('true'),
  PITCREW_LEASE_NAMESPACE: namespaceName.optional(),
  POD_NAME: z.string().min(1).max(253).optional(),
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
    metrics: metricsOf(data),
    election:
      data.PITCREW_LEADER_ELECTION === 'true'
        ? { identity: data.POD_NAME, namespace: data.PITCREW_LEASE_NAMESPACE }
        : undefined,
  };
}

function metricsOf(data: z.output<typeof environment>): MetricsConfig {
  const { PITCREW_METRICS_PORT: port, PITCREW_METRICS_AUTH: auth } = data;
  const { PITCREW_METRICS_TLS_CERT_FILE: certFile, PITCREW_METRICS_TLS_KEY_FILE: keyFile } = data;
  if (certFile === undefined && keyFile === undefined) return { port, tls: undefined, auth };
  if (certFile === undefined || keyFile === undefined) {
    const missing = certFile === undefined ? 'PITCREW_METRICS_TLS_CERT_FILE' : 'PITCREW_METRICS_TLS_KEY_FILE';
    throw new Error(`wrong environment: ${missing}: is missing: a certificate and its key are set together`);
  }
  if (port === undefined || port === data.PITCREW_HEALTH_PORT) {
    const why = 'the kubelet asks the health port without TLS; set another one for metrics';
    throw new Error(`wrong environment: PITCREW_METRICS_PORT: ${port ?? 'unset'}: ${why}`);
  }
  return { port, tls: { certFile, keyFile }, auth };
}
