import { mebibytes, milliCores } from '../../crds/units.ts';
import { enoughThreads, memoryForWorkers, wholeCores, workersInMemory } from '../derivations/arithmetic.ts';
import { edgeMemory } from '../edge-memory.ts';
import type { Fix, Rule, RuleInput, Violation } from '../findings.ts';
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
  { id: 'INV-17', path: 'backend.workers', check: crowded },
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
  },
  { id: 'INV-20', path: 'backend.maxRequests', check: recycling },
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
function recycling({ spec, effective }: RuleInput): Violation | undefined {
  const requests = effective.value('backend.maxRequests');
  if (requests === 0) return undefined;
  const jitter = effective.value('backend.maxRequestsJitter');
  const workers = effective.value('backend.replicas') * effective.value('backend.workers');
  const rate = (spec.objective?.requestsPerSecond ?? 0) / workers;
  const seconds = rate === 0 ? Number.POSITIVE_INFINITY : requests / rate;
  const isOften = seconds < RECYCLE_LEAST_SECONDS;
  const isTogether = jitter < JITTER_LEAST * requests;
  if (!isOften && !isTogether) return undefined;
  const good = Math.min(MOST_REQUESTS, Math.ceil((RECYCLE_GOOD_SECONDS * rate) / 1000) * 1000);
  const enough = isOften ? Math.max(good, requests) : requests;
  const perHour = Math.round((3600 / seconds) * workers);
  const often = `a worker is replaced after ${requests} requests, at ${spec.objective?.requestsPerSecond} requests per second every ${Math.round(seconds)} s, ${perHour} times an hour in all; about four of ten replacements cost a POST`;
  const together = `a jitter of ${jitter} is ${Math.floor((100 * jitter) / requests)} % of ${requests}: all workers are replaced at about the same time`;
  const off: Fix = { 'backend.maxRequests': 0, 'backend.maxRequestsJitter': 0 };
  const later: Fix = { 'backend.maxRequests': enough, 'backend.maxRequestsJitter': Math.ceil(JITTER_GOOD * enough) };
  const isLater = rate === 0 || enough / rate >= RECYCLE_LEAST_SECONDS;
  return {
    severity: 'Warning',
    message: [...(isOften ? [often] : []), ...(isTogether ? [together] : [])].join('; '),
    fixes: isLater ? [later, off] : [off],
  };
}
