import { createHash } from 'node:crypto';
import type { Transport } from '../cluster/transport.ts';
import type { Page, Refusal } from '../health.ts';

/** Path that a role names in `nonResourceURLs`. */
export const METRICS_PATH = '/metrics';

/** How long an answer of the API server is believed. */
const BELIEVED_MS = 60_000;
/** Tokens that are remembered; whoever sends more of them is asked about each time. */
const REMEMBERED = 64;

interface Heard {
  readonly refusal: Refusal | undefined;
  readonly untilMs: number;
}

/**
 * Lets in whoever the API server knows by their bearer token (TokenReview) and allows to `get` the path
 * (SubjectAccessReview), as operators made with controller-runtime do. Where the API server does not answer, nobody is let in.
 */
export function createGuard(transport: Pick<Transport, 'request'>, nowMs: () => number): NonNullable<Page['admit']> {
  const heard = new Map<string, Heard>();
  return async (authorization) => {
    const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return { status: 401, why: 'a bearer token is needed' };
    const key = createHash('sha256').update(token).digest('hex');
    const before = heard.get(key);
    if (before !== undefined && before.untilMs > nowMs()) return before.refusal;
    const refusal = await judge(transport, token);
    if (refusal?.status === 503) return refusal;
    for (const [old, { untilMs }] of heard) if (untilMs <= nowMs()) heard.delete(old);
    if (heard.size < REMEMBERED) heard.set(key, { refusal, untilMs: nowMs() + BELIEVED_MS });
    return refusal;
  };
}

async function judge(transport: Pick<Transport, 'request'>, token: string): Promise<Refusal | undefined> {
  try {
    const { authenticated, user } = await review<TokenStatus>(transport, 'authentication.k8s.io/v1', 'TokenReview', {
      token,
    });
    if (authenticated !== true || user === undefined) return { status: 401, why: 'the token is not known' };
    const { username, groups, uid, extra } = user;
    const nonResourceAttributes = { path: METRICS_PATH, verb: 'get' };
    const question = { user: username, groups, uid, extra, nonResourceAttributes };
    const { allowed } = await review<AccessStatus>(
      transport,
      'authorization.k8s.io/v1',
      'SubjectAccessReview',
      question,
    );
    return allowed === true ? undefined : { status: 403, why: `${username ?? 'the user'} may not get ${METRICS_PATH}` };
  } catch {
    return {
      status: 503,
      why: 'the API server could not be asked who this is; is pitcrew bound to system:auth-delegator?',
    };
  }
}

interface TokenStatus {
  readonly authenticated?: boolean;
  readonly user?: {
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

interface AccessStatus {
  readonly allowed?: boolean;
}

async function review<S extends object>(
  transport: Pick<Transport, 'request'>,
  apiVersion: string,
  kind: string,
  spec: object,
): Promise<Partial<S>> {
  const path = `/apis/${apiVersion}/${kind.toLowerCase()}s`;
  const { body } = await transport.request({
    method: 'POST',
    path,
    body: { apiVersion, kind, spec },
    repeatable: true,
  });
  return (body as { readonly status?: S }).status ?? {};
}
