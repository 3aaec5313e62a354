import { cel, define, say } from '../admission/cel.ts';
import { given, said, value } from '../admission/fields.ts';
import { deadline } from '../admission/values.ts';
import { CONNECTION_STATES_PER_MIB, RATE_STATES_PER_MIB } from '../derivations/edge.ts';
import type { Admission, Rule, RuleInput, Violation } from '../findings.ts';

/** Limits that hit the wrong people: too low, too slow, too small for those who come. */

/** INV-19: nobody shall wait longer than this for the limiter. */
const LONGEST_WAIT_SECONDS = 2;
const LEAST_API = 20;
const LEAST_WEB = 64;
const USUAL_WEB = 100;
const HEADROOM = 4;
const EVERYBODY = /\/0+$/;

export const EDGE_LIMIT_RULES: readonly Rule[] = [
  {
    id: 'INV-19',
    path: 'edge.rateLimit',
    check: (input) => [delay(input, 'api'), delay(input, 'web'), ...connections(input)],
    admission: [delayWarning('api'), delayWarning('web'), ...connectionWarnings()],
  },
  {
    id: 'NG-20',
    path: 'edge.rateLimit.zoneMiB',
    check: (input) =>
      zone(input, 'edge.rateLimit.zoneMiB', RATE_STATES_PER_MIB, 'the oldest are forgotten and start anew'),
    admission: [zoneWarning('edge.rateLimit.zoneMiB', RATE_STATES_PER_MIB)],
  },
  {
    id: 'NG-21',
    path: 'edge.connectionLimit.zoneMiB',
    check: (input) =>
      zone(input, 'edge.connectionLimit.zoneMiB', CONNECTION_STATES_PER_MIB, 'when it is full, everybody is refused'),
    admission: [zoneWarning('edge.connectionLimit.zoneMiB', CONNECTION_STATES_PER_MIB)],
  },
  {
    id: 'NG-22',
    path: 'edge.rateLimit.exemptCIDRs',
    check: ({ effective }) => {
      const exempt = effective.value('edge.rateLimit.exemptCIDRs');
      const everybody = exempt.filter((cidr) => EVERYBODY.test(cidr));
      if (everybody.length === 0) return undefined;
      return {
        severity: 'Warning',
        message: `${everybody.join(', ')} exempts everybody: there are no limits at all`,
        fixes: [{ 'edge.rateLimit.exemptCIDRs': exempt.filter((cidr) => !everybody.includes(cidr)) }],
      };
    },
    admission: [everybodyWarning()],
  },
  {
    id: 'FUT-04',
    path: 'edge.replicas',
    check: ({ effective }) => {
      const replicas = effective.value('edge.replicas');
      if (replicas === 1) return undefined;
      const rate = effective.value('edge.rateLimit.api.requestsPerSecond');
      return {
        severity: 'Info',
        message: `each of ${replicas} edge pods counts for itself: one client may send up to ${replicas * rate} requests per second to the API, not ${rate}`,
        fixes: [],
        advice: `an edge.rateLimit.api.requestsPerSecond of ${Math.max(1, Math.ceil(rate / replicas))} keeps the site at ${rate}`,
      };
    },
  },
];

function delay({ effective }: RuleInput, traffic: 'api' | 'web'): Violation | undefined {
  if (effective.value(`edge.rateLimit.${traffic}.mode`) === 'Reject') return undefined;
  const waiting =
    effective.value(`edge.rateLimit.${traffic}.burst`) - effective.value(`edge.rateLimit.${traffic}.delayAfter`);
  const rate = effective.value(`edge.rateLimit.${traffic}.requestsPerSecond`);
  const most = Math.min(LONGEST_WAIT_SECONDS, effective.value('requestDeadlineSeconds') / 2);
  const seconds = waiting / rate;
  if (seconds < most) return undefined;
  return {
    severity: 'Warning',
    path: `edge.rateLimit.${traffic}`,
    message: `${waiting} requests of a burst wait at ${rate} per second: the last one for ${seconds.toFixed(1)} s`,
    fixes: [{ [`edge.rateLimit.${traffic}.mode`]: 'Reject' }],
  };
}

function connections({ effective }: RuleInput): Array<Violation | false> {
  if (effective.value('edge.connectionLimit.enforcement') === 'DryRun') return [];
  const api = effective.value('edge.connectionLimit.api');
  const web = effective.value('edge.connectionLimit.web');
  return [
    api < LEAST_API && {
      severity: 'Warning',
      path: 'edge.connectionLimit.api',
      message: `a client may have ${api} requests to the API in progress; under HTTP/2 each request counts, and a page with many parts sends more than ${LEAST_API} at once`,
      fixes: [{ 'edge.connectionLimit.api': LEAST_API }],
    },
    web < LEAST_WEB && {
      severity: 'Warning',
      path: 'edge.connectionLimit.web',
      message: `a client may have ${web} pages in progress; under HTTP/2 each request counts, and Next.js fetches the pages behind all links in sight at once (chunks and pictures are exempt)`,
      fixes: [{ 'edge.connectionLimit.web': USUAL_WEB }],
    },
  ];
}

function zone(
  input: RuleInput,
  path: 'edge.rateLimit.zoneMiB' | 'edge.connectionLimit.zoneMiB',
  statesPerMiB: number,
  consequence: string,
): Violation | undefined {
  const users = input.spec.objective?.concurrentUsers ?? 0;
  const size = input.effective.value(path);
  if (size * statesPerMiB >= users) return undefined;
  return {
    severity: 'Warning',
    message: `a zone of ${size} MiB counts ${size * statesPerMiB} clients, but ${users} are expected at the same time: ${consequence}`,
    fixes: [{ [path]: Math.min(1024, Math.ceil((HEADROOM * users) / statesPerMiB)) }],
  };
}

function delayWarning(traffic: 'api' | 'web'): Admission {
  const rate = value(`edge.rateLimit.${traffic}.requestsPerSecond`);
  const [burst, after] = [value(`edge.rateLimit.${traffic}.burst`), value(`edge.rateLimit.${traffic}.delayAfter`)];
  const waiting = define(`${traffic}Waiting`, cel`${burst} - ${after}`);
  const isLong = cel`${waiting} >= ${LONGEST_WAIT_SECONDS} * ${rate} || 2 * ${waiting} >= ${rate} * ${deadline}`;
  return {
    wrong: cel`${value(`edge.rateLimit.${traffic}.mode`)} != ${'Reject'} && ${isLong}`,
    says: say`${waiting} requests of a burst wait at ${rate} per second`,
    fix: say`set edge.rateLimit.${traffic}.mode to Reject`,
  };
}

function connectionWarnings(): Admission[] {
  const isEnforced = cel`${value('edge.connectionLimit.enforcement')} != ${'DryRun'}`;
  const [api, web] = [value('edge.connectionLimit.api'), value('edge.connectionLimit.web')];
  return [
    {
      wrong: cel`${isEnforced} && ${api} < ${LEAST_API}`,
      says: say`a client may have ${api} requests to the API in progress; under HTTP/2 a page sends more than ${LEAST_API} at once`,
      fix: say`set edge.connectionLimit.api to ${LEAST_API}`,
    },
    {
      wrong: cel`${isEnforced} && ${web} < ${LEAST_WEB}`,
      says: say`a client may have ${web} pages in progress; Next.js fetches those behind all links in sight at once`,
      fix: say`set edge.connectionLimit.web to ${USUAL_WEB}`,
    },
  ];
}

/** What is derived has the room. */
function zoneWarning(path: 'edge.rateLimit.zoneMiB' | 'edge.connectionLimit.zoneMiB', perMiB: number): Admission {
  const users = said('objective.concurrentUsers');
  return {
    wrong: cel`${given(path)} && ${given('objective.concurrentUsers')} && ${said(path)} * ${perMiB} < ${users}`,
    says: say`a zone of ${said(path)} MiB counts ${cel`${said(path)} * ${perMiB}`} clients, but ${users} are expected at the same time`,
    fix: say`remove ${path}`,
  };
}

function everybodyWarning(): Admission {
  const exempt = value('edge.rateLimit.exemptCIDRs');
  return {
    wrong: cel`${exempt}.exists(c, c.matches(${EVERYBODY.source}))`,
    says: say`edge.rateLimit.exemptCIDRs exempts everybody: there are no limits at all`,
    fix: say`take the block with /0 out of it`,
  };
}
