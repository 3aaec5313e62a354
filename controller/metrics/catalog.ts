import type { Definition } from './exposition.ts';

/**
 * Every metric of the operator; docs/metrics.md is made of it. Names that controller-runtime and client-go have are
 * taken over with their meaning (https://book.kubebuilder.io/reference/metrics-reference), so that dashboards made for
 * operators in Go show this one as well.
 */

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const define = <L extends string>(
  type: Definition['type'],
  name: string,
  labels: readonly L[],
  help: string,
): Definition<L> => ({ name, type, labels, help, ...(type === 'histogram' ? { buckets: SECONDS } : {}) });

const QUEUE = ['name', 'controller'] as const;
const PROFILE = ['namespace', 'name'] as const;

/** Passes and their queue. */
export const PASSES = {
  total: define(
    'counter',
    'controller_runtime_reconcile_total',
    ['controller', 'result'],
    'Passes by how they ended: success, error (failed, or refused as it is written), requeue_after (will look again by itself).',
  ),
  errors: define(
    'counter',
    'controller_runtime_reconcile_errors_total',
    ['controller'],
    'Passes that ended in an error, terminal ones among them.',
  ),
  terminalErrors: define(
    'counter',
    'controller_runtime_terminal_reconcile_errors_total',
    ['controller'],
    'Passes over a profile that cannot work as it is written: no retry until it is edited.',
  ),
  timeouts: define(
    'counter',
    'controller_runtime_reconcile_timeouts_total',
    ['controller'],
    'Passes that were still running at their deadline of 60 s.',
  ),
  seconds: define('histogram', 'controller_runtime_reconcile_time_seconds', ['controller'], 'How long passes took.'),
  maxConcurrent: define(
    'gauge',
    'controller_runtime_max_concurrent_reconciles',
    ['controller'],
    'Passes that may run at a time (PITCREW_WORKERS).',
  ),
  active: define('gauge', 'controller_runtime_active_workers', ['controller'], 'Passes that are running.'),
  depth: define(
    'gauge',
    'workqueue_depth',
    [...QUEUE, 'priority'],
    'Profiles that a worker could take now. Priority 0: something happened to them; -100: first list and regular looks.',
  ),
  adds: define(
    'counter',
    'workqueue_adds_total',
    QUEUE,
    'Wishes to look at a profile; many of them may become one pass.',
  ),
  queueSeconds: define(
    'histogram',
    'workqueue_queue_duration_seconds',
    QUEUE,
    'How long a profile was ready and no worker took it.',
  ),
  workSeconds: define('histogram', 'workqueue_work_duration_seconds', QUEUE, 'How long a worker had a profile.'),
  unfinished: define('gauge', 'workqueue_unfinished_work_seconds', QUEUE, 'Ages of all running passes together.'),
  longest: define('gauge', 'workqueue_longest_running_processor_seconds', QUEUE, 'Age of the oldest running pass.'),
  retries: define('counter', 'workqueue_retries_total', QUEUE, 'Passes that failed and come again with a backoff.'),
} as const;

/** What is asked of the API server, and what it tells. */
export const API = {
  requests: define(
    'counter',
    'rest_client_requests_total',
    ['code', 'method', 'host'],
    'Attempts at requests to the API server, watches among them; code <error> where no answer came.',
  ),
  seconds: define(
    'histogram',
    'rest_client_request_duration_seconds',
    ['verb', 'host'],
    'How long attempts took, for a watch until it was accepted.',
  ),
  writes: define(
    'counter',
    'pitcrew_writes_total',
    ['verb', 'kind'],
    'Writes that the API server accepted: create, patch (server-side apply too) or delete. At rest it stands still.',
  ),
  watchAge: define(
    'gauge',
    'pitcrew_watch_last_byte_age_seconds',
    ['kind'],
    'Since the last byte of the quietest watch of a kind; the API server sends one about every minute.',
  ),
  watchSynced: define('gauge', 'pitcrew_watch_synced', ['kind'], '1 when the objects of the kind were listed once.'),
  watchedObjects: define('gauge', 'pitcrew_watch_objects', ['kind'], 'Objects of the kind in the cache.'),
  watchStarts: define('counter', 'pitcrew_watch_starts_total', ['kind'], 'Watches that the API server accepted.'),
  watchEnds: define(
    'counter',
    'pitcrew_watch_interruptions_total',
    ['kind', 'cause'],
    'Why a list or a watch had to begin anew: error, stalled (silent for 130 s), too_old (no history from there on).',
  ),
  missed: define(
    'counter',
    'pitcrew_watch_missed_changes_total',
    ['kind'],
    'Changes that only a comparing list found. Must stay 0.',
  ),
  events: define(
    'counter',
    'pitcrew_events_total',
    ['type', 'reason'],
    'What was told as Kubernetes Events, by reason; Restored counts repairs of what others had changed or deleted.',
  ),
  eventsDropped: define(
    'counter',
    'pitcrew_events_dropped_total',
    ['why'],
    'Events that were not written: rate (too many at once) or failed.',
  ),
  probes: define(
    'counter',
    'pitcrew_probes_total',
    ['tier', 'result'],
    'Questions to running processes: loaded (it told what it runs), refused (it told why it will not take the newest), login_refused, unreachable.',
  ),
  probeSeconds: define('histogram', 'pitcrew_probe_duration_seconds', ['tier'], 'How long these questions took.'),
} as const;

/** What the status of each profile says, read when somebody asks: a profile that is gone has no series. */
export const PROFILES = {
  info: define(
    'gauge',
    'pitcrew_profile_info',
    [...PROFILE, 'render_version'],
    '1, with the version of the operator that rendered what is in force.',
  ),
  condition: define(
    'gauge',
    'pitcrew_profile_condition',
    [...PROFILE, 'type', 'status'],
    '1 for the status that a condition has (true, false, unknown), 0 for the two others.',
  ),
  reason: define(
    'gauge',
    'pitcrew_profile_condition_reason',
    [...PROFILE, 'type', 'reason'],
    '1, with the reason that a condition has now.',
  ),
  findings: define(
    'gauge',
    'pitcrew_profile_findings',
    [...PROFILE, 'severity'],
    'Findings in the status, by severity.',
  ),
  peak: define(
    'gauge',
    'pitcrew_profile_connections_peak',
    PROFILE,
    'Database connections that the pools may open during a rolling update.',
  ),
  steady: define(
    'gauge',
    'pitcrew_profile_connections_steady',
    PROFILE,
    'Database connections that the pools may open at rest.',
  ),
  usable: define(
    'gauge',
    'pitcrew_profile_connections_usable',
    PROFILE,
    'Connections that PostgreSQL leaves to the application.',
  ),
  inSync: define(
    'gauge',
    'pitcrew_profile_config_in_sync',
    [...PROFILE, 'tier'],
    '1 when the processes of a tier have loaded the configuration that was rendered for them.',
  ),
  ready: define('gauge', 'pitcrew_profile_pods_ready', [...PROFILE, 'tier'], 'Ready pods of a tier.'),
  wanted: define('gauge', 'pitcrew_profile_pods_wanted', [...PROFILE, 'tier'], 'Pods that a tier shall have.'),
  restarts: define(
    'gauge',
    'pitcrew_profile_restarts',
    [...PROFILE, 'tier'],
    'Restarts of the containers of those pods that are there.',
  ),
  revision: define('gauge', 'pitcrew_profile_revision', PROFILE, 'Number of the revision in force.'),
  generation: define(
    'gauge',
    'pitcrew_profile_generation',
    PROFILE,
    'Generation of the profile: grows with each edit.',
  ),
  observed: define('gauge', 'pitcrew_profile_observed_generation', PROFILE, 'Generation that the status is about.'),
  suspended: define(
    'gauge',
    'pitcrew_profile_suspended',
    PROFILE,
    '1 while nothing is changed for the profile on purpose.',
  ),
  waiting: define(
    'gauge',
    'pitcrew_profile_waiting_seconds',
    PROFILE,
    'How long the wait under way lasts; 0 without one.',
  ),
} as const;

/** The process. */
export const PROCESS = {
  build: define(
    'gauge',
    'pitcrew_build_info',
    ['version', 'node_version'],
    '1, with the versions of the operator (also that of its rendering) and of Node.js.',
  ),
  leader: define(
    'gauge',
    'leader_election_master_status',
    ['name'],
    '1 when this process leads, 0 when it stands by; absent without leader election.',
  ),
  cpu: define('counter', 'process_cpu_seconds_total', [], 'CPU time of the process.'),
  memory: define('gauge', 'process_resident_memory_bytes', [], 'Memory of the process.'),
  start: define('gauge', 'process_start_time_seconds', [], 'When the process began, in seconds since 1970.'),
  lag: define(
    'gauge',
    'nodejs_eventloop_lag_max_seconds',
    [],
    'Longest time in the last half to full minute that the event loop was held up.',
  ),
  heapUsed: define('gauge', 'nodejs_heap_size_used_bytes', [], 'Memory that JavaScript objects take.'),
  heapTotal: define('gauge', 'nodejs_heap_size_total_bytes', [], 'Memory that is reserved for them.'),
} as const;

/** All of them, in the order of the page. */
export const CATALOG: readonly Definition[] = [PROCESS, PASSES, API, PROFILES].flatMap((group) =>
  Object.values<Definition>(group),
);
