import { cel, either, greatest, say } from '../admission/cel.ts';
import { value } from '../admission/fields.ts';
import {
  clientSource,
  deadline,
  heartbeat,
  managed,
  poolWait,
  provider,
  serverIdle,
  statement,
  upstreamIdle,
} from '../admission/values.ts';
import { poolSeconds, statementSeconds } from '../derivations/timeouts.ts';
import type { Admission, Fix, Rule, RuleInput, Verdict, Violation } from '../findings.ts';
import { postgresManaged } from '../stack.ts';
import { working } from './trial.ts';

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
  {
    id: 'INV-06',
    path: 'backend.keepAliveSeconds',
    check: keepAlive,
    admission: [hastyWarning('backend'), hastyWarning('frontend')],
  },
  {
    id: 'INV-07',
    path: 'requestDeadlineSeconds',
    check: ladder,
    admission: [lateWarning(), tieWarning(), blockedWarning()],
  },
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
    admission: [gracefulWarning()],
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
    admission: [heartbeatWarning()],
  },
];

/** Who serves idle connections to nginx for less time than nginx keeps them. */
function keepAlive(input: RuleInput): Verdict {
  if (input.effective.value('edge.upstreamKeepalive.connections') === 0) return undefined;
  return [hasty(input, 'backend'), input.spec.frontend !== undefined && hasty(input, 'frontend')];
}

function hasty({ effective }: RuleInput, server: 'backend' | 'frontend'): Violation | undefined {
  const path = `${server}.keepAliveSeconds` as const;
  const seconds = effective.value(path);
  const upstream = effective.value('edge.upstreamKeepalive.timeoutSeconds');
  if (seconds >= upstream + KEEPALIVE_MARGIN_SECONDS) return undefined;
  const longer: Fix = { [path]: upstream + DERIVED_MARGIN_SECONDS };
  const shorter: Fix = { 'edge.upstreamKeepalive.timeoutSeconds': seconds - KEEPALIVE_MARGIN_SECONDS };
  return {
    severity: 'Warning',
    path,
    message: `the ${server} closes idle connections after ${seconds} s while nginx reuses them for ${upstream} s: a POST sent in that moment is answered 502`,
    fixes: seconds > KEEPALIVE_MARGIN_SECONDS ? [longer, shorter] : [longer],
  };
}

/** The times of one request, from the inside out. */
interface Ladder {
  readonly pool: number;
  readonly statement: number;
  readonly heartbeat: number;
  readonly deadline: number;
  readonly isBehindCdn: boolean;
}

const ladderOf = ({ effective }: RuleInput): Ladder => ({
  pool: effective.value('backend.pool.timeoutSeconds'),
  statement: effective.value('postgres.statementTimeoutSeconds'),
  heartbeat: effective.value('backend.timeoutSeconds'),
  deadline: effective.value('requestDeadlineSeconds'),
  isBehindCdn:
    effective.find('edge.cdn.provider') === 'Cloudflare' ||
    effective.value('edge.clientIdentity.source') === 'CFConnectingIP',
});

/** A step of the ladder: when it is wrong, and what to say then. */
interface Step {
  readonly isWrong: (now: Ladder, input: RuleInput) => boolean;
  readonly say: (now: Ladder) => Violation;
}

const STEPS: readonly Step[] = [
  { isWrong: ({ isBehindCdn, deadline }) => isBehindCdn && deadline >= CDN_SECONDS, say: late },
  {
    isWrong: ({ pool, statement, deadline }, { spec }) => postgresManaged(spec) && pool + statement >= deadline,
    say: tie,
  },
  { isWrong: ({ statement, heartbeat }, { spec }) => postgresManaged(spec) && statement >= heartbeat, say: blocked },
];

/** Where mending one step is not enough, since values follow from one another, all of them are mended together. */
function ladder(input: RuleInput): Verdict {
  const now = ladderOf(input);
  return STEPS.map(({ isWrong, say }) => {
    if (!isWrong(now, input)) return undefined;
    const said = say(now);
    const enough = working(input, said.fixes, (after) => isWrong(ladderOf(after), after));
    return { ...said, fixes: enough.length > 0 ? enough : [mended(now)] };
  });
}

/** All steps of the ladder at once, for a profile in which mending one of them is not enough. */
function mended(now: Ladder): Fix {
  const low = now.isBehindCdn ? Math.min(now.deadline, BELOW_CDN_SECONDS) : now.deadline;
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

function tie({ pool, statement, deadline, isBehindCdn }: Ladder): Violation {
  const shorterPool = poolSeconds(deadline);
  const shorter: Fix = {
    'backend.pool.timeoutSeconds': shorterPool,
    'postgres.statementTimeoutSeconds': statementSeconds(deadline, shorterPool),
  };
  const enough = pool + statement + 10;
  const most = isBehindCdn ? CDN_SECONDS - 1 : MOST_SECONDS;
  return {
    severity: 'Warning',
    path: 'postgres.statementTimeoutSeconds',
    message: `waiting for a connection (${pool} s) and the statement (${statement} s) may take ${pool + statement} s, but nginx gives up after ${deadline} s: the client sees 504 while the query still runs`,
    fixes: [...(deadline >= 3 ? [shorter] : []), ...(enough <= most ? [{ requestDeadlineSeconds: enough }] : [])],
  };
}

function blocked({ statement, heartbeat }: Ladder): Violation {
  const longer = statement + HEARTBEAT_MARGIN_SECONDS;
  return {
    severity: 'Warning',
    path: 'backend.timeoutSeconds',
    message: `a statement may take ${statement} s, but a worker whose event loop waits for one is killed after ${heartbeat} s with all its requests`,
    fixes: [
      longer <= MOST_SECONDS
        ? { 'backend.timeoutSeconds': longer }
        : { 'postgres.statementTimeoutSeconds': Math.max(1, heartbeat - HEARTBEAT_MARGIN_SECONDS) },
    ],
  };
}

function late({ pool, statement, deadline }: Ladder): Violation {
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

function hastyWarning(server: 'backend' | 'frontend'): Admission {
  const seconds = serverIdle(server);
  return {
    wrong: cel`${value('edge.upstreamKeepalive.connections')} != 0 && ${seconds} < ${upstreamIdle} + ${KEEPALIVE_MARGIN_SECONDS}`,
    says: say`the ${server} closes idle connections after ${seconds} s, nginx reuses them for ${upstreamIdle} s: a POST sent then is answered 502`,
    fix: say`set ${server}.keepAliveSeconds to ${cel`${upstreamIdle} + ${DERIVED_MARGIN_SECONDS}`}`,
  };
}

function lateWarning(): Admission {
  const pool = poolSeconds(BELOW_CDN_SECONDS);
  const all = say`set requestDeadlineSeconds to ${BELOW_CDN_SECONDS} and backend.pool.timeoutSeconds to ${pool} and postgres.statementTimeoutSeconds to ${statementSeconds(BELOW_CDN_SECONDS, pool)}`;
  const isBehindCdn = cel`${provider} == ${'Cloudflare'} || ${clientSource} == ${'CFConnectingIP'}`;
  return {
    wrong: cel`${isBehindCdn} && ${deadline} >= ${CDN_SECONDS}`,
    says: say`Cloudflare gives up after ${CDN_SECONDS} s, nginx after ${deadline} s: the client sees 524 while the request runs`,
    fix: either(
      cel`${poolWait} + ${statement} >= ${BELOW_CDN_SECONDS}`,
      all,
      say`set requestDeadlineSeconds to ${BELOW_CDN_SECONDS}`,
    ),
  };
}

function tieWarning(): Admission {
  return {
    wrong: cel`${managed} && ${poolWait} + ${statement} >= ${deadline}`,
    says: say`waiting for a connection (${poolWait} s) and the statement (${statement} s) may take longer than nginx waits (${deadline} s): the client sees 504 while the query runs`,
    fix: either(
      cel`${deadline} >= 3`,
      say`remove backend.pool.timeoutSeconds and postgres.statementTimeoutSeconds`,
      say`raise requestDeadlineSeconds`,
    ),
  };
}

function blockedWarning(): Admission {
  const longer = cel`${statement} + ${HEARTBEAT_MARGIN_SECONDS}`;
  return {
    wrong: cel`${managed} && ${statement} >= ${heartbeat}`,
    says: say`a statement may take ${statement} s, but a worker whose event loop waits for one is killed after ${heartbeat} s`,
    fix: either(
      cel`${longer} <= ${MOST_SECONDS}`,
      say`set backend.timeoutSeconds to ${longer}`,
      say`set postgres.statementTimeoutSeconds to ${greatest(cel`${heartbeat} - ${HEARTBEAT_MARGIN_SECONDS}`, 1)}`,
    ),
  };
}

function gracefulWarning(): Admission {
  const graceful = value('backend.gracefulTimeoutSeconds', deadline);
  return {
    wrong: cel`${graceful} < ${deadline}`,
    says: say`a pod that stops gives its requests ${graceful} s, nginx waits ${deadline} s for them: longer ones are cut off`,
    fix: say`set backend.gracefulTimeoutSeconds to ${deadline}`,
  };
}

function heartbeatWarning(): Admission {
  const enough = greatest(cel`${statement} + ${HEARTBEAT_MARGIN_SECONDS}`, HEARTBEAT_SECONDS);
  return {
    wrong: cel`${heartbeat} > ${enough}`,
    says: say`a worker that hangs is replaced only after ${heartbeat} s; this is a heartbeat and bounds no request`,
    fix: say`set backend.timeoutSeconds to ${enough}`,
  };
}
