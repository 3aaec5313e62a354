import type { Alert, AlertGroup, Series } from './alert.ts';

/** The stack itself: what its clients and its database meet. */

const SHOP = 'namespace="shop",profile="shop"';
const WHICH = '{{ $labels.namespace }}/{{ $labels.profile }}';

/** Share of the answers with these statuses, where there are enough answers to speak of a share. */
const share = (statuses: string, most: number, over: string): string => {
  const rate = (selector: string) =>
    `sum by (namespace, profile) (rate(pitcrew_edge_requests_total${selector}[${over}]))`;
  return `${rate(`{status=~"${statuses}"}`)} > ${most} * ${rate('')} and on (namespace, profile) ${rate('')} > 0.1`;
};

const answers = (status: string): Series[] => [
  [`pitcrew_edge_requests_total{${SHOP},status="${status}"}`, '0+60x2000'],
  [`pitcrew_edge_requests_total{${SHOP},status="200"}`, '0+120x2000'],
];

const requests: readonly Alert[] = [
  {
    name: 'PitcrewEdgeServerErrors',
    severity: 'critical',
    holds: '5m',
    expr: ({ over }) => share('5..', 0.05, over('5m')),
    summary: `More than 5 % of the answers of ${WHICH} are errors of the server.`,
    runbook:
      'The access log tells for each request who answered: `upstream_status` empty is nginx itself (504: the backend was too slow, 502: it was not there), otherwise the application. Compare `urt` with the timeouts in status.effective.',
    fires: answers('502'),
  },
  {
    name: 'PitcrewEdgeRateLimited',
    severity: 'warning',
    holds: '10m',
    expr: ({ over }) => share('429', 0.1, over('5m')),
    summary: `More than 10 % of the requests to ${WHICH} are turned away as too many.`,
    runbook:
      'The access log tells who (`client`) and by which limit (`limit_req_status`, `limit_conn_status`). One address: somebody tries something. Many: the limits are too low, or all clients look like one, since edge.clientIdentity does not know the proxy in front.',
    fires: answers('429'),
  },
];

const nginx: readonly Alert[] = [
  {
    name: 'PitcrewEdgeConnectionsDropped',
    severity: 'critical',
    holds: '0m',
    expr: ({ over }) =>
      `sum by (namespace, profile) (increase(nginx_connections_accepted[${over('10m')}])) - sum by (namespace, profile) (increase(nginx_connections_handled[${over('10m')}])) > 1`,
    summary: `nginx of ${WHICH} drops connections.`,
    runbook:
      'It has no place left for them: edge.workerConnections, or the number of open files that the node allows. The error log says "worker_connections are not enough".',
    fires: [
      [`nginx_connections_accepted{${SHOP}}`, '0+60x2000'],
      [`nginx_connections_handled{${SHOP}}`, '0+50x2000'],
    ],
  },
  {
    name: 'PitcrewEdgeDown',
    severity: 'critical',
    holds: '5m',
    expr: () => 'max by (namespace, profile) (nginx_up) == 0',
    summary: `nginx of ${WHICH} does not answer on its status port.`,
    runbook:
      '`kubectl get pods -l performance.bahamm.ir/tier=edge` in its namespace. Where the pod is well, the exporter may not reach it: a NetworkPolicy must let it in (deploy/monitoring/exporters.yaml has one).',
    fires: [[`nginx_up{${SHOP}}`, '0x2000']],
  },
];

const database: readonly Alert[] = [
  {
    name: 'PitcrewDatabaseConnectionsNearLimit',
    severity: 'critical',
    holds: '5m',
    expr: () =>
      // Less what is kept for the superuser and for roles that may use reserved connections (since PostgreSQL 16).
      'sum by (namespace, profile) (pg_stat_database_numbackends) > 0.9 * max by (namespace, profile) (pg_settings_max_connections - pg_settings_superuser_reserved_connections - (pg_settings_reserved_connections or 0 * pg_settings_max_connections))',
    summary: `More than 90 % of the connections that the database of ${WHICH} has for the application are in use.`,
    runbook:
      'The pools of the backend stay within the budget (INV-05), so others are there as well: `select usename, application_name, count(*) from pg_stat_activity group by 1, 2` in the pod of the database. Sessions that are idle in a transaction hold theirs for longest.',
    fires: [
      [`pg_stat_database_numbackends{${SHOP},datname="app"}`, '95x2000'],
      [`pg_settings_max_connections{${SHOP}}`, '100x2000'],
      [`pg_settings_superuser_reserved_connections{${SHOP}}`, '3x2000'],
    ],
  },
  {
    name: 'PitcrewDatabaseDown',
    severity: 'critical',
    holds: '2m',
    // Of a database that does not answer at all, the exporter may not say in time that it does not.
    expr: () =>
      'max by (namespace, profile) (pg_up) == 0 or max by (namespace, profile) (up{exporter="postgres"}) == 0',
    summary: `The database of ${WHICH} does not answer the exporter.`,
    runbook:
      'Condition Ready of the profile tells whether it runs. Where it does: `up{exporter="postgres"}` of 0 is an exporter that is down or waits in vain, so see whether its pod is well and a NetworkPolicy lets it in; `pg_up` of 0 is a login that was refused, so see whether it has the password of the Secret as it is now.',
    fires: [[`up{exporter="postgres",${SHOP}}`, '0x2000']],
  },
];

const VOLUME = 'persistentvolumeclaim=~".+-(postgres-0|uploads)"';

const volumes: readonly Alert[] = [
  {
    name: 'PitcrewVolumeNearlyFull',
    severity: 'critical',
    holds: '5m',
    expr: () =>
      `min by (namespace, persistentvolumeclaim) (kubelet_volume_stats_available_bytes{${VOLUME}} / kubelet_volume_stats_capacity_bytes{${VOLUME}}) < 0.1`,
    summary: 'Volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is 90 % full.',
    runbook:
      'A database without room stops, and recovers only with more of it. Raise postgres.storage.size where the StorageClass can grow a volume; see `select datname, pg_size_pretty(pg_database_size(datname)) from pg_database` and the size of pg_wal. The kubelet tells nothing of local-path volumes, which share the disk of the node: watch that one.',
    fires: [
      ['kubelet_volume_stats_available_bytes{namespace="shop",persistentvolumeclaim="data-shop-postgres-0"}', '5x2000'],
      [
        'kubelet_volume_stats_capacity_bytes{namespace="shop",persistentvolumeclaim="data-shop-postgres-0"}',
        '100x2000',
      ],
    ],
  },
];

export const STACK_ALERTS: readonly AlertGroup[] = [
  { name: 'pitcrew-requests', source: 'mtail with edge.mtail, over the access log', alerts: requests },
  { name: 'pitcrew-edge', source: 'nginx-prometheus-exporter', alerts: nginx },
  { name: 'pitcrew-database', source: 'postgres_exporter', alerts: database },
  { name: 'pitcrew-volumes', source: 'the kubelet (volumes that it measures)', alerts: volumes },
];
