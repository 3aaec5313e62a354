import type { Alert, AlertGroup } from './alert.ts';

/** The operator itself. */

const LOGS = '`kubectl logs -n pitcrew-system deployment/pitcrew`';
const CONTROLLER = 'controller="performanceprofile"';

const alerts: readonly Alert[] = [
  {
    name: 'PitcrewOperatorDown',
    severity: 'critical',
    holds: '5m',
    expr: () => 'absent(up{job="pitcrew"} == 1)',
    summary: 'No operator answers.',
    runbook:
      'The site goes on as it is; edits and repairs wait. `kubectl get pods -n pitcrew-system` shows the pod, `kubectl logs --previous` how it ended. Where it is well, Prometheus may not reach it: a NetworkPolicy must let it in.',
    fires: [['up{job="pitcrew"}', '0x2000']],
  },
  {
    name: 'PitcrewNoLeader',
    severity: 'critical',
    holds: '5m',
    expr: () => 'sum by (name) (leader_election_master_status) == 0',
    summary: 'Operators run, and none of them leads.',
    runbook: `Edits and repairs wait. ${LOGS} tells why the Lease could not be written, or whom it names (\`standing by\`): an API server that fails, an admission policy of somebody else, a process that Prometheus does not know. Where the right is missing the operator ends instead, and PitcrewOperatorDown tells.`,
    fires: [
      ['leader_election_master_status{name="pitcrew",instance="a"}', '0x2000'],
      ['leader_election_master_status{name="pitcrew",instance="b"}', '0x2000'],
    ],
  },
  {
    name: 'PitcrewWatchStale',
    severity: 'warning',
    // Of the five minutes that it may last; three bookmarks are missing by then.
    holds: '0m',
    expr: () => 'max by (kind) (pitcrew_watch_last_byte_age_seconds) > 180',
    summary: 'The operator has heard nothing of {{ $labels.kind }} objects for three minutes.',
    runbook: `The API server sends a byte about every minute. After 130 s the watch is made anew, after 5 min the kubelet restarts the operator; if that does not help, something between the two swallows the connection. ${LOGS} tells of interrupted watches.`,
    fires: [['pitcrew_watch_last_byte_age_seconds{kind="Deployment"}', '0+60x2000']],
  },
  {
    name: 'PitcrewWatchMissedChanges',
    severity: 'info',
    holds: '0m',
    expr: ({ over }) => `sum by (kind) (increase(pitcrew_watch_missed_changes_total[${over('1h')}])) > 0`,
    summary: 'A watch of {{ $labels.kind }} objects had missed changes.',
    runbook:
      'They were found by the comparing list of every half hour and dealt with, late; nothing need be done for them. It is a fault of ours, of the API server, or of a proxy between: please report it with the log of the operator.',
    fires: [['pitcrew_watch_missed_changes_total{kind="Pod"}', '0x30 2x2000']],
  },
  {
    name: 'PitcrewReconcileErrors',
    severity: 'warning',
    holds: '15m',
    // A refused profile is an error of its writer and has an alert of its own.
    expr: ({ over }) =>
      `sum(rate(controller_runtime_reconcile_errors_total{${CONTROLLER}}[${over('5m')}])) - sum(rate(controller_runtime_terminal_reconcile_errors_total{${CONTROLLER}}[${over('5m')}])) > 0.1 * sum(rate(controller_runtime_reconcile_total{${CONTROLLER}}[${over('5m')}]))`,
    summary: 'More than a tenth of all passes fail.',
    runbook: `${LOGS} tells each with its cause (\`pass failed\`): rights that are missing, an API server that is down, a webhook of somebody else that refuses.`,
    fires: [
      [`controller_runtime_reconcile_errors_total{${CONTROLLER}}`, '0+30x2000'],
      [`controller_runtime_terminal_reconcile_errors_total{${CONTROLLER}}`, '0x2000'],
      [`controller_runtime_reconcile_total{${CONTROLLER},result="error"}`, '0+30x2000'],
    ],
  },
  {
    name: 'PitcrewQueueBacklog',
    severity: 'warning',
    holds: '10m',
    expr: () => 'sum(workqueue_depth{name="performanceprofile"}) > 10',
    summary: 'More than ten profiles have been waiting for a worker for ten minutes.',
    runbook:
      'Passes take long (`controller_runtime_reconcile_time_seconds`), since the API server does (`rest_client_request_duration_seconds`) or since processes do not answer (`pitcrew_probe_duration_seconds`); or there are many profiles: raise PITCREW_WORKERS.',
    fires: [['workqueue_depth{name="performanceprofile",priority="0"}', '25x2000']],
  },
  {
    name: 'PitcrewApiErrors',
    severity: 'warning',
    holds: '15m',
    expr: ({ over }) =>
      `sum(rate(rest_client_requests_total{job="pitcrew",code=~"5..|<error>"}[${over('5m')}])) > 0.1 * sum(rate(rest_client_requests_total{job="pitcrew"}[${over('5m')}]))`,
    summary: 'More than a tenth of the requests to the API server fail.',
    runbook: 'The API server answers with errors or not at all. `kubectl get --raw /readyz?verbose` asks it how it is.',
    fires: [
      ['rest_client_requests_total{job="pitcrew",code="503"}', '0+30x2000'],
      ['rest_client_requests_total{job="pitcrew",code="200"}', '0+30x2000'],
    ],
  },
  {
    name: 'PitcrewRepairsGoOn',
    severity: 'warning',
    holds: '0m',
    expr: ({ over }) => `sum(increase(pitcrew_events_total{reason="Restored"}[${over('30m')}])) > 10`,
    summary: 'Somebody keeps changing what the operator manages.',
    runbook:
      'It is repaired each time. `kubectl get events -A --field-selector reason=Restored` names the objects, their managedFields who else writes them: an autoscaler, another tool of GitOps, a person. Of who undoes each repair, condition Ready says `Contended`, and the name. Say it in the profile instead.',
    fires: [['pitcrew_events_total{type="Normal",reason="Restored"}', '0+1x2000']],
  },
  {
    name: 'PitcrewEventLoopHeldUp',
    severity: 'warning',
    holds: '10m',
    expr: () => 'max(nodejs_eventloop_lag_max_seconds) > 1',
    summary: 'The event loop of the operator is held up for more than a second.',
    runbook:
      'At 5 s the kubelet restarts it. Either it gets too little CPU (raise its request), or there is more in its caches than its memory takes (`pitcrew_watch_objects`, `nodejs_heap_size_used_bytes`): raise its limit.',
    fires: [['nodejs_eventloop_lag_max_seconds', '2x2000']],
  },
];

export const OPERATOR_ALERTS: AlertGroup = { name: 'pitcrew-operator', source: 'the operator', alerts };
