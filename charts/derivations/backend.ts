import type { Derivations, Reader } from '../effective.ts';
import { clamp, enoughThreads, KEEPALIVE_MARGIN_SECONDS, wholeCores, workersInMemory } from './arithmetic.ts';

/** How the backend's processes follow from others. */

/** BE-05: a worker lives for an hour of traffic at least. */
const RECYCLE_SECONDS = 3600;
const JITTER_SHARE = 0.3;

export const BACKEND_DERIVATIONS: Derivations = {
  'backend.workers': {
    rule: 'BE-02',
    formula:
      'ceil(backend.resources.limits.cpu), or half of facts.allocatableCpuMillis with cpuLimitPolicy None; as many as backend.resources.limits.memory carries of backend.expectedWorkerMiB',
    derive: (read) => {
      const fitting = workersInMemory(
        read.value('backend.resources.limits.memory'),
        read.value('backend.expectedWorkerMiB'),
      );
      return clamp(Math.min(backendCores(read), fitting), 1, 32);
    },
  },
  'backend.maxRequests': {
    rule: 'BE-05',
    formula:
      '3600 × objective.requestsPerSecond / (backend.replicas × backend.workers), up to full thousands; 0 where the rate is not known',
    derive: (read) => {
      const rate = read.given('objective.requestsPerSecond');
      if (rate === undefined) return undefined;
      const perWorker = (RECYCLE_SECONDS * rate) / (read.value('backend.replicas') * read.value('backend.workers'));
      const thousands = clamp(Math.ceil(perWorker / 1000) * 1000, 1000, 10_000_000);
      return Math.max(thousands, read.given('backend.maxRequestsJitter') ?? 0);
    },
  },
  'backend.maxRequestsJitter': {
    rule: 'BE-05',
    formula: 'ceil(0.3 × backend.maxRequests)',
    derive: (read) => Math.ceil(JITTER_SHARE * read.value('backend.maxRequests')),
  },
  'backend.keepAliveSeconds': {
    rule: 'INV-06',
    formula: 'edge.upstreamKeepalive.timeoutSeconds + 15',
    derive: (read) => clamp(read.value('edge.upstreamKeepalive.timeoutSeconds') + KEEPALIVE_MARGIN_SECONDS, 1, 650),
  },
  'backend.threadTokens': {
    rule: 'INV-11',
    formula: 'max(100, 2 × (backend.pool.size + backend.pool.maxOverflow))',
    derive: (read) => enoughThreads(read.value('backend.pool.size') + read.value('backend.pool.maxOverflow')),
  },
};

/** Cores that the workers of one pod can fill. Without a limit, half of the node: the rest is for edge, frontend and database. */
function backendCores(read: Reader): number {
  if (read.value('cpuLimitPolicy') === 'Limit') return wholeCores(read.value('backend.resources.limits.cpu'));
  return wholeCores(`${Math.max(1, Math.floor(read.fact('allocatableCpuMillis') / 2))}m`);
}
