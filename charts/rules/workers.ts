import { mebibytes, milliCores } from '../../crds/units.ts';
import { cel, either, percent, say } from '../admission/cel.ts';
import { given, said, value } from '../admission/fields.ts';
import { limit, limitCores, limitMiB } from '../admission/quantities.ts';
import { maxOverflow, poolSize, workers } from '../admission/values.ts';
import {
  enoughThreads,
  FILL,
  MASTER_MIB,
  memoryForWorkers,
  wholeCores,
  workersInMemory,
} from '../derivations/arithmetic.ts';
import { edgeMemory } from '../edge-memory.ts';
import type { Admission, Fix, Rule, RuleInput, Verdict, Violation } from '../findings.ts';
import { nodeTooSmall } from './node.ts';
import { type Check, working } from './trial.ts';

/** Worker processes against the CPU and the memory that they share, and how they come and go. */

/** BE-02: one more than cores, since a worker that waits for the database leaves its core to another. */
const SPARE_WORKERS = 1;
/** BE-05. */
const RECYCLE_LEAST_SECONDS = 600;
const RECYCLE_GOOD_SECONDS = 3600;
const JITTER_LEAST = 0.2;
const JITTER_GOOD = 0.3;
const MOST_REQUESTS = 10_000_000;

export const WORKER_RULES: readonly Rule[] = [
  { id: 'INV-17', path: 'backend.workers', check: crowded, admission: [crowdedWarning()] },
  {
    id: 'INV-18',
    path: 'backend.resources.limits.memory',
    check: (input) => {
      const { effective } = input;
      const workers = effective.value('backend.workers');
      const each = effective.value('backend.expectedWorkerMiB');
      const limit = effective.value('backend.resources.limits.memory');
      const needed = memoryForWorkers(workers, each);
      if (mebibytes(limit) >= needed) return undefined;
      const fitting = workersInMemory(limit, each);
      const more: Fix = { 'backend.resources.limits.memory': `${needed}Mi` };
      return {
        severity: 'Error',
        message: `${workers} workers of about ${each} MiB need ${needed}Mi, the limit is ${mebibytes(limit)}Mi: one that grows lets the kernel kill all of them`,
        fixes: working(input, [more, ...(fitting >= 1 ? [{ 'backend.workers': fitting }] : [])], workersTooLarge, [
          nodeTooSmall,
        ]),
      };
    },
    admission: [memoryWarning()],
  },
  { id: 'INV-20', path: 'backend.maxRequests', check: recycling, admission: [oftenWarning(), togetherWarning()] },
  {
    id: 'INV-11',
    path: 'backend.threadTokens',
    check: ({ effective }) => {
      const tokens = effective.value('backend.threadTokens');
      const capacity = effective.value('backend.pool.size') + effective.value('backend.pool.maxOverflow');
      if (tokens >= 2 * capacity) return undefined;
      const wait = effective.value('backend.pool.timeoutSeconds');
      return {
        severity: 'Warning',
        message: `${tokens} threads of a worker for ${capacity} database connections: a request keeps its connection while its next step waits for a thread, so that under load those who hold a connection wait for a thread, all threads wait ${wait} s for a connection, and requests fail`,
        fixes: [{ 'backend.threadTokens': enoughThreads(capacity) }],
      };
    },
    admission: [threadsWarning()],
  },
  {
    id: 'BE-01',
    path: 'backend.workerClass',
    check: ({ spec, effective }) => {
      const isDropping =
        effective.value('backend.workerClass') === 'asgi' && effective.value('backend.maxRequests') > 0;
      if (isDropping)
        return {
          severity: 'Warning',
          message:
            'the asgi worker of gunicorn drops requests each time it is replaced, in a measurement twice as many as the uvicorn worker',
          fixes: [
            { 'backend.maxRequests': 0, 'backend.maxRequestsJitter': 0 },
            { 'backend.workerClass': 'uvicorn_worker.UvicornWorker' },
          ],
        };
      if (spec.backend.workerClass !== 'uvicorn.workers.UvicornWorker') return undefined;
      return {
        severity: 'Info',
        message:
          'uvicorn.workers is deprecated and only still comes with uvicorn; the package uvicorn-worker replaces it',
        fixes: [{ 'backend.workerClass': 'uvicorn_worker.UvicornWorker' }],
        advice: 'leave it as long as the image lacks the package uvicorn-worker',
      };
    },
    admission: [asgiWarning()],
  },
];

/** Cores that the workers of one pod can use. */
function coresOf({ effective, facts }: RuleInput): number {
  const isLimited = effective.value('cpuLimitPolicy') === 'Limit';
  return wholeCores(isLimited ? effective.value('backend.resources.limits.cpu') : `${facts.allocatableCpuMillis}m`);
}

const isCrowded: Check = (input) => input.effective.value('backend.workers') > coresOf(input) + SPARE_WORKERS;

/** INV-18: the workers are expected to need more than their pod may take. */
const workersTooLarge: Check = ({ effective }) =>
  mebibytes(effective.value('backend.resources.limits.memory')) <
  memoryForWorkers(effective.value('backend.workers'), effective.value('backend.expectedWorkerMiB'));

/** INV-17, RES-02: more processes than cores gain nothing and, under a limit, spend it early and then stand still. */
function crowded(input: RuleInput): Violation | undefined {
  const { effective, facts } = input;
  const workers = effective.value('backend.workers');
  const limit = effective.value('backend.resources.limits.cpu');
  const isLimited = effective.value('cpuLimitPolicy') === 'Limit';
  const cores = coresOf(input);
  if (!isCrowded(input)) return undefined;
  const nodeCores = wholeCores(`${facts.allocatableCpuMillis}m`);
  const fewer: Fix = { 'backend.workers': cores };
  const wider = working(
    input,
    [{ 'backend.resources.limits.cpu': String(workers - SPARE_WORKERS) }, { cpuLimitPolicy: 'None' }],
    isCrowded,
    [edgeTooSmall, nodeTooSmall],
  );
  return {
    severity: 'Warning',
    message: isLimited
      ? `${workers} workers share a CPU limit of ${limit}${stall(milliCores(limit), Math.min(workers, nodeCores))}: more than ${cores} of them cannot do more work at the same time`
      : `${workers} workers share the ${nodeCores} cores of the node: more than ${cores} of them cannot do more work at the same time`,
    fixes: isLimited ? [fewer, ...wider] : [fewer],
  };
}

/** Without a limit, nginx has more processes too. */
const edgeTooSmall: Check = (input) => {
  const { neededMiB, usableMiB } = edgeMemory(input);
  return neededMiB > usableMiB;
};

/** How long busy workers run and stand in each period of 100 ms of the kernel's scheduler. */
function stall(limitMillis: number, atOnce: number): string {
  const quota = limitMillis / 10;
  const busy = Math.round(quota / atOnce);
  return busy >= 100
    ? ''
    : `; when ${atOnce} are busy, they spend the ${Math.round(quota)} ms of each 100 ms in ${busy} ms and stand still for ${100 - busy} ms`;
}

/** INV-20: how often workers are replaced, and whether all at the same time. */
function recycling(input: RuleInput): Verdict {
  return input.effective.value('backend.maxRequests') === 0 ? undefined : [often(input), together(input)];
}

const NEVER: Fix = { 'backend.maxRequests': 0, 'backend.maxRequestsJitter': 0 };

function often({ spec, effective }: RuleInput): Violation | undefined {
  const requests = effective.value('backend.maxRequests');
  const workers = effective.value('backend.replicas') * effective.value('backend.workers');
  const all = spec.objective?.requestsPerSecond ?? 0;
  const rate = all / workers;
  const seconds = rate === 0 ? Number.POSITIVE_INFINITY : requests / rate;
  if (seconds >= RECYCLE_LEAST_SECONDS) return undefined;
  const good = Math.min(MOST_REQUESTS, Math.ceil((RECYCLE_GOOD_SECONDS * rate) / 1000) * 1000);
  const enough = Math.max(good, requests);
  const later: Fix = { 'backend.maxRequests': enough, 'backend.maxRequestsJitter': Math.ceil(JITTER_GOOD * enough) };
  return {
    severity: 'Warning',
    message: `a worker is replaced after ${requests} requests, at ${all} requests per second every ${Math.round(seconds)} s, ${Math.round((3600 / seconds) * workers)} times an hour in all; about four of ten replacements cost a POST`,
    fixes: enough / rate >= RECYCLE_LEAST_SECONDS ? [later, NEVER] : [NEVER],
  };
}

function together({ effective }: RuleInput): Violation | undefined {
  const requests = effective.value('backend.maxRequests');
  const jitter = effective.value('backend.maxRequestsJitter');
  if (jitter >= JITTER_LEAST * requests) return undefined;
  return {
    severity: 'Warning',
    path: 'backend.maxRequestsJitter',
    message: `a jitter of ${jitter} is ${Math.floor((100 * jitter) / requests)} % of ${requests}: all workers are replaced at about the same time`,
    fixes: [{ 'backend.maxRequestsJitter': Math.ceil(JITTER_GOOD * requests) }, NEVER],
  };
}

/** With a CPU limit only: without one, the cores of the node count. */
function crowdedWarning(): Admission {
  const cores = limitCores('backend');
  return {
    wrong: cel`${value('cpuLimitPolicy')} == ${'Limit'} && ${workers} > ${cores} + ${SPARE_WORKERS}`,
    says: say`${workers} workers share a CPU limit of ${limit('backend', 'cpu')}: more than ${cores} of them cannot do more work`,
    fix: say`set backend.workers to ${cores}`,
  };
}

function memoryWarning(): Admission {
  const each = value('backend.expectedWorkerMiB');
  const fill = percent(FILL);
  const needed = cel`${MASTER_MIB} + (100 * ${workers} * ${each} + ${fill - 1}) / ${fill}`;
  return {
    wrong: cel`${limitMiB('backend')} < ${needed}`,
    says: say`${workers} workers of about ${each} MiB need ${needed}Mi, the limit is ${limitMiB('backend')}Mi: one that grows lets the kernel kill all of them`,
    refused: true,
    fix: say`set backend.resources.limits.memory to ${needed}Mi`,
  };
}

/** Where the user says how many workers there are: more of them live longer. */
function oftenWarning(): Admission {
  const requests = said('backend.maxRequests');
  const rate = said('objective.requestsPerSecond');
  const all = cel`${value('backend.replicas')} * ${workers}`;
  const isGiven = cel`${given('backend.maxRequests')} && ${given('objective.requestsPerSecond')} && ${given('backend.workers')}`;
  return {
    wrong: cel`${isGiven} && ${requests} > 0 && ${requests} * ${all} < ${RECYCLE_LEAST_SECONDS} * ${rate}`,
    says: say`a worker is replaced after ${requests} requests, at ${rate} per second every ${cel`(${requests} * ${all} + ${rate} / 2) / ${rate}`} s; about four of ten replacements cost a POST`,
    fix: say`set backend.maxRequests to 0 and backend.maxRequestsJitter to 0`,
  };
}

function togetherWarning(): Admission {
  const requests = said('backend.maxRequests');
  const jitter = said('backend.maxRequestsJitter');
  const isGiven = cel`${given('backend.maxRequests')} && ${given('backend.maxRequestsJitter')}`;
  return {
    wrong: cel`${isGiven} && 100 * ${jitter} < ${percent(JITTER_LEAST)} * ${requests}`,
    says: say`a jitter of ${jitter} is ${cel`100 * ${jitter} / ${requests}`} % of ${requests}: all workers are replaced at about the same time`,
    fix: say`remove backend.maxRequestsJitter`,
  };
}

function threadsWarning(): Admission {
  const tokens = said('backend.threadTokens');
  const capacity = cel`${poolSize} + ${maxOverflow}`;
  const isKnown = cel`${given('backend.pool.size')} && ${given('backend.pool.maxOverflow')}`;
  return {
    wrong: cel`${given('backend.threadTokens')} && ${tokens} < 2 * ${capacity}`,
    says: say`${tokens} threads of a worker for ${either(isKnown, say``, say`at least `)}${capacity} database connections: under load they wait for each other, and requests fail`,
    fix: say`remove backend.threadTokens`,
  };
}

function asgiWarning(): Admission {
  const isRecycling = cel`${given('backend.maxRequests')} ? ${said('backend.maxRequests')} > 0 : ${given('objective.requestsPerSecond')}`;
  return {
    wrong: cel`${value('backend.workerClass')} == ${'asgi'} && ${isRecycling}`,
    says: say`the asgi worker of gunicorn drops requests each time it is replaced`,
    fix: say`set backend.workerClass to uvicorn_worker.UvicornWorker`,
  };
}
