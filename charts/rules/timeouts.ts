import { poolSeconds, statementSeconds } from '../derivations/timeouts.ts';
import type { Fix, Rule, RuleInput, Violation } from '../findings.ts';
import { postgresManaged } from '../stack.ts';
import { type Concern, speakOnce } from './concerns.ts';
import { type Check, working } from './trial.ts';

/** The ladder of timeouts: whoever waits for another must have more time than the other. */

/** The side that serves keeps an idle connection longer than the side that uses it by at least this much. */
const KEEPALIVE_MARGIN_SECONDS = 10;
const DERIVED_MARGIN_SECONDS = 15;
/** Cloudflare answers 524 after this long without an answer. */
const CDN_SECONDS = 100;
const BELOW_CDN_SECONDS = 90;
/** BE-06: a worker that hangs for longer than this is found too late, unless statements may block it for longer. */
const HEARTBEAT_SECONDS = 60;
const HEARTBEAT_MARGIN_SECONDS = 10;
const MOST_SECONDS = 600;

export const TIMEOUT_RULES: readonly Rule[] = [
  { id: 'INV-06', path: 'backend.keepAliveSeconds', check: keepAlive },
  { id: 'INV-07', path: 'requestDeadlineSeconds', check: ladder },
  {
    id: 'INV-08',
    path: 'backend.gracefulTimeoutSeconds',
    check: ({ effective }) => {
      const graceful = effective.value('backend.gracefulTimeoutSeconds');
      const deadline = effective.value('requestDeadlineSeconds');
      if (graceful >= deadline) return undefined;
      return {
        severity: 'Warning',
        message: `a pod that stops gives its requests ${graceful} s, but nginx waits ${deadline} s for them: longer ones are cut off at each rolling update`,
        fixes: [{ 'backend.gracefulTimeoutSeconds': deadline }],
      };
    },
  },
  {
    id: 'S-07',
    path: 'backend.timeoutSeconds',
    check: ({ effective }) => {
      const heartbeat = effective.value('backend.timeoutSeconds');
      const statement = effective.value('postgres.statementTimeoutSeconds');
      const enough = Math.max(HEARTBEAT_SECONDS, statement + HEARTBEAT_MARGIN_SECONDS);
      if (heartbeat <= enough) return undefined;
      return {
        severity: 'Info',
        message: `a worker that hangs is replaced only after ${heartbeat} s; this is a heartbeat and bounds no request: requests end by requestDeadlineSeconds and the statement timeout`,
        fixes: [{ 'backend.timeoutSeconds': enough }],
      };
    },
  },
];

/** Who serves idle connections to nginx for less time than nginx keeps them. */
function keepAlive({ spec, effective }: RuleInput): Violation | undefined {
  const upstream = effective.value('edge.upstreamKeepalive.timeoutSeconds');
  if (effective.value('edge.upstreamKeepalive.connections') === 0) return undefined;
  const servers = [
    { name: 'backend', path: 'backend.keepAliveSeconds' as const, there: true },
    { name: 'frontend', path: 'frontend.keepAliveSeconds' as const, there: spec.frontend !== undefined },
  ].flatMap(({ name, path, there }) => (there ? [{ name, path, seconds: effective.value(path) }] : []));
  const hasty = servers.filter(({ seconds }) => seconds < upstream + KEEPALIVE_MARGIN_SECONDS);
  if (hasty.length === 0) return undefined;
  const longer = Object.fromEntries(hasty.map(({ path }) => [path, upstream + DERIVED_MARGIN_SECONDS])) as Fix;
  const shorter = Math.min(...hasty.map(({ seconds }) => seconds)) - KEEPALIVE_MARGIN_SECONDS;
  const who = hasty.map(({ name, seconds }) => `the ${name} closes idle connections after ${seconds} s`).join(' and ');
  return {
    severity: 'Warning',
    message: `${who} while nginx reuses them for ${upstream} s: a POST sent in that moment is answered 502`,
    fixes: shorter >= 1 ? [longer, { 'edge.upstreamKeepalive.timeoutSeconds': shorter }] : [longer],
  };
}

/** The times of one request, from the inside out. */
interface Ladder {
  readonly pool: number;
  readonly statement: number;
  readonly heartbeat: number;
  readonly deadline: number;
}

function ladder(input: RuleInput): Violation | undefined {
  const { spec, effective } = input;
  const now: Ladder = {
    pool: effective.value('backend.pool.timeoutSeconds'),
    statement: effective.value('postgres.statementTimeoutSeconds'),
    heartbeat: effective.value('backend.timeoutSeconds'),
    deadline: effective.value('requestDeadlineSeconds'),
  };
  const isBehindCdn =
    effective.find('edge.cdn.provider') === 'Cloudflare' ||
    effective.value('edge.clientIdentity.source') === 'CFConnectingIP';
  const managed = postgresManaged(spec);
  const concerns = [
    managed && now.pool + now.statement >= now.deadline && tie(now, isBehindCdn),
    managed && now.statement >= now.heartbeat && blocked(now),
    isBehindCdn && now.deadline >= CDN_SECONDS && late(now),
  ].filter((concern) => typeof concern === 'object');
  const said = speakOnce(concerns);
  if (said === undefined) return undefined;
  const isWrong: Check = (after) => ladder(after) !== undefined;
  const enough = concerns.length === 1 ? working(input, said.fixes, isWrong) : [];
  return { ...said, fixes: enough.length > 0 ? enough : [mended(now, isBehindCdn)] };
}

/** All steps of the ladder at once, for a profile in which mending one of them is not enough. */
function mended(now: Ladder, isBehindCdn: boolean): Fix {
  const low = isBehindCdn ? Math.min(now.deadline, BELOW_CDN_SECONDS) : now.deadline;
  const deadline = Math.max(3, low);
  const pool = poolSeconds(deadline);
  const statement = statementSeconds(deadline, pool);
  return {
    ...(deadline === now.deadline ? {} : { requestDeadlineSeconds: deadline }),
    'backend.pool.timeoutSeconds': pool,
    'postgres.statementTimeoutSeconds': statement,
    'backend.timeoutSeconds': Math.min(MOST_SECONDS, Math.max(now.heartbeat, statement + HEARTBEAT_MARGIN_SECONDS)),
  };
}

function tie(now: Ladder, isBehindCdn: boolean): Concern {
  const { pool, statement, deadline } = now;
  const shorterPool = poolSeconds(deadline);
  const shorter: Fix = {
    'backend.pool.timeoutSeconds': shorterPool,
    'postgres.statementTimeoutSeconds': statementSeconds(deadline, shorterPool),
  };
  const enough = pool + statement + 10;
  const most = isBehindCdn ? CDN_SECONDS - 1 : MOST_SECONDS;
  return {
    severity: 'Warning',
    message: `waiting for a connection (${pool} s) and the statement (${statement} s) may take ${pool + statement} s, but nginx gives up after ${deadline} s: the client sees 504 while the query still runs`,
    fixes: [...(deadline >= 3 ? [shorter] : []), ...(enough <= most ? [{ requestDeadlineSeconds: enough }] : [])],
  };
}

function blocked({ statement, heartbeat }: Ladder): Concern {
  const longer = statement + HEARTBEAT_MARGIN_SECONDS;
  return {
    severity: 'Warning',
    message: `a statement may take ${statement} s, but a worker whose event loop waits for one is killed after ${heartbeat} s with all its requests`,
    fixes: [
      longer <= MOST_SECONDS
        ? { 'backend.timeoutSeconds': longer }
        : { 'postgres.statementTimeoutSeconds': Math.max(1, heartbeat - HEARTBEAT_MARGIN_SECONDS) },
    ],
  };
}

function late({ pool, statement, deadline }: Ladder): Concern {
  const isTight = pool + statement >= BELOW_CDN_SECONDS;
  const newPool = poolSeconds(BELOW_CDN_SECONDS);
  return {
    severity: 'Warning',
    message: `Cloudflare gives up after ${CDN_SECONDS} s, nginx only after ${deadline} s: the client sees 524 while the request still runs`,
    fixes: [
      {
        requestDeadlineSeconds: BELOW_CDN_SECONDS,
        ...(isTight
          ? {
              'backend.pool.timeoutSeconds': newPool,
              'postgres.statementTimeoutSeconds': statementSeconds(BELOW_CDN_SECONDS, newPool),
            }
          : {}),
      },
    ],
  };
}
