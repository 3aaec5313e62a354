/** dashboard.json: profiles, findings, queue, requests to the API server, edge and database, for Grafana 11 and 12. */

interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface Picture {
  readonly title: string;
  readonly kind: 'timeseries' | 'stat' | 'table';
  readonly unit?: string;
  readonly queries: readonly Query[];
}

interface Row {
  readonly title: string;
  readonly pictures: readonly Picture[];
}

const WHERE = 'namespace=~"$namespace",name=~"$profile"';
const STACK = 'namespace=~"$namespace",profile=~"$profile"';

const graph = (title: string, unit: string, ...queries: readonly (readonly [string, string])[]): Picture => ({
  title,
  kind: 'timeseries',
  unit,
  queries: queries.map(([expr, legend]) => ({ expr, legend })),
});

const stat = (title: string, expr: string, legend: string, unit = 'none'): Picture => ({
  title,
  kind: 'stat',
  unit,
  queries: [{ expr, legend }],
});

const quantile = (share: number, metric: string, by: string, selector = ''): string =>
  `histogram_quantile(${share}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(${metric}_bucket${selector}[$__rate_interval])))`;

const ROWS: readonly Row[] = [
  {
    title: 'Profiles',
    pictures: [
      stat(
        'Ready',
        `sum(max by (namespace, name) (pitcrew_profile_condition{${WHERE},type="Ready",status="true"}))`,
        'ready',
      ),
      stat(
        'Refused edits',
        `sum(max by (namespace, name) (pitcrew_profile_condition{${WHERE},type="Valid",status="false"}))`,
        'refused',
      ),
      stat(
        'Stalled',
        `sum(max by (namespace, name) (pitcrew_profile_condition{${WHERE},type="Stalled",status="true"}))`,
        'stalled',
      ),
      stat('Suspended', `sum(max by (namespace, name) (pitcrew_profile_suspended{${WHERE}}))`, 'suspended'),
      {
        title: 'Why each profile is as it is',
        kind: 'table',
        queries: [
          { expr: `max by (namespace, name, type, reason) (pitcrew_profile_condition_reason{${WHERE}})`, legend: '' },
        ],
      },
      graph('Findings', 'short', [
        `sum by (severity) (max by (namespace, name, severity) (pitcrew_profile_findings{${WHERE}}))`,
        '{{severity}}',
      ]),
      graph('Pods ready of those wanted', 'percentunit', [
        `max by (namespace, name, tier) (pitcrew_profile_pods_ready{${WHERE}}) / max by (namespace, name, tier) (pitcrew_profile_pods_wanted{${WHERE}})`,
        '{{namespace}}/{{name}} {{tier}}',
      ]),
      graph(
        'Connection budget',
        'short',
        [`max by (namespace, name) (pitcrew_profile_connections_peak{${WHERE}})`, '{{namespace}}/{{name}} peak'],
        [`max by (namespace, name) (pitcrew_profile_connections_steady{${WHERE}})`, '{{namespace}}/{{name}} steady'],
        [`max by (namespace, name) (pitcrew_profile_connections_usable{${WHERE}})`, '{{namespace}}/{{name}} usable'],
      ),
      graph('Configuration loaded', 'bool', [
        `min by (namespace, name, tier) (pitcrew_profile_config_in_sync{${WHERE}})`,
        '{{namespace}}/{{name}} {{tier}}',
      ]),
      graph(
        'Restarts and revisions',
        'short',
        [
          `max by (namespace, name, tier) (pitcrew_profile_restarts{${WHERE}})`,
          '{{namespace}}/{{name}} {{tier}} restarts',
        ],
        [`max by (namespace, name) (pitcrew_profile_revision{${WHERE}})`, '{{namespace}}/{{name}} revision'],
      ),
      graph('Waits', 's', [
        `max by (namespace, name) (pitcrew_profile_waiting_seconds{${WHERE}})`,
        '{{namespace}}/{{name}}',
      ]),
    ],
  },
  {
    title: 'Operator',
    pictures: [
      graph('Passes', 'ops', [
        'sum by (result) (rate(controller_runtime_reconcile_total{controller="performanceprofile"}[$__rate_interval]))',
        '{{result}}',
      ]),
      graph(
        'How long passes take',
        's',
        [quantile(0.5, 'controller_runtime_reconcile_time_seconds', ''), 'median'],
        [quantile(0.99, 'controller_runtime_reconcile_time_seconds', ''), '99 %'],
        [quantile(0.99, 'workqueue_queue_duration_seconds', ''), '99 % waited before'],
      ),
      graph(
        'Queue',
        'short',
        ['sum by (priority) (workqueue_depth{name="performanceprofile"})', 'waiting, priority {{priority}}'],
        ['sum(controller_runtime_active_workers)', 'working'],
        ['sum(controller_runtime_max_concurrent_reconciles)', 'workers'],
      ),
      graph('Requests to the API server', 'reqps', [
        'sum by (method, code) (rate(rest_client_requests_total{job="pitcrew"}[$__rate_interval]))',
        '{{method}} {{code}}',
      ]),
      graph('How long they take', 's', [
        quantile(0.99, 'rest_client_request_duration_seconds', 'verb', '{job="pitcrew"}'),
        '{{verb}}, 99 %',
      ]),
      graph('Writes', 'ops', [
        'sum by (verb, kind) (rate(pitcrew_writes_total[$__rate_interval]))',
        '{{verb}} {{kind}}',
      ]),
      graph('Told', 'ops', ['sum by (reason) (rate(pitcrew_events_total[$__rate_interval]))', '{{reason}}']),
      graph('Watches', 's', ['max by (kind) (pitcrew_watch_last_byte_age_seconds)', '{{kind}}, since the last byte']),
      graph('Watches made anew', 'ops', [
        'sum by (kind, cause) (rate(pitcrew_watch_interruptions_total[$__rate_interval]))',
        '{{kind}} {{cause}}',
      ]),
      graph('Questions to running processes', 'ops', [
        'sum by (tier, result) (rate(pitcrew_probes_total[$__rate_interval]))',
        '{{tier}} {{result}}',
      ]),
      graph('How long they answer', 's', [quantile(0.99, 'pitcrew_probe_duration_seconds', 'tier'), '{{tier}}, 99 %']),
      graph(
        'Memory',
        'bytes',
        ['process_resident_memory_bytes{job="pitcrew"}', '{{instance}} resident'],
        ['nodejs_heap_size_used_bytes', '{{instance}} heap'],
      ),
      graph(
        'CPU and event loop',
        'short',
        ['rate(process_cpu_seconds_total{job="pitcrew"}[$__rate_interval])', '{{instance}} cores'],
        ['nodejs_eventloop_lag_max_seconds', '{{instance}} lag in s'],
      ),
    ],
  },
  {
    title: 'Edge',
    pictures: [
      graph('Answers', 'reqps', [
        `sum by (status) (rate(pitcrew_edge_requests_total{${STACK}}[$__rate_interval]))`,
        '{{status}}',
      ]),
      graph(
        'How long requests take',
        's',
        [quantile(0.5, 'pitcrew_edge_request_seconds', '', `{${STACK}}`), 'median'],
        [quantile(0.99, 'pitcrew_edge_request_seconds', '', `{${STACK}}`), '99 %'],
      ),
      graph('Cache', 'reqps', [
        `sum by (result) (rate(pitcrew_edge_cache_total{${STACK}}[$__rate_interval]))`,
        '{{result}}',
      ]),
      graph(
        'Connections',
        'short',
        [`sum by (namespace, profile) (nginx_connections_active{${STACK}})`, '{{namespace}}/{{profile}} open'],
        [`sum by (namespace, profile) (nginx_connections_waiting{${STACK}})`, '{{namespace}}/{{profile}} idle'],
      ),
    ],
  },
  {
    title: 'Database',
    pictures: [
      graph(
        'Connections',
        'short',
        [`sum by (namespace, profile) (pg_stat_database_numbackends{${STACK}})`, '{{namespace}}/{{profile}} in use'],
        [`max by (namespace, profile) (pg_settings_max_connections{${STACK}})`, '{{namespace}}/{{profile}} at most'],
      ),
      graph(
        'Transactions',
        'ops',
        [
          `sum by (namespace, profile) (rate(pg_stat_database_xact_commit{${STACK}}[$__rate_interval]))`,
          '{{namespace}}/{{profile}} committed',
        ],
        [
          `sum by (namespace, profile) (rate(pg_stat_database_xact_rollback{${STACK}}[$__rate_interval]))`,
          '{{namespace}}/{{profile}} rolled back',
        ],
      ),
      graph('Found in shared_buffers', 'percentunit', [
        `sum by (namespace, profile) (rate(pg_stat_database_blks_hit{${STACK}}[$__rate_interval])) / (sum by (namespace, profile) (rate(pg_stat_database_blks_hit{${STACK}}[$__rate_interval])) + sum by (namespace, profile) (rate(pg_stat_database_blks_read{${STACK}}[$__rate_interval])))`,
        '{{namespace}}/{{profile}}',
      ]),
      graph('Temporary files', 'Bps', [
        `sum by (namespace, profile) (rate(pg_stat_database_temp_bytes{${STACK}}[$__rate_interval]))`,
        '{{namespace}}/{{profile}}',
      ]),
    ],
  },
];

/** Every expression on the dashboard, for the test that its metrics exist. */
export const DASHBOARD_QUERIES: readonly string[] = ROWS.flatMap(({ pictures }) =>
  pictures.flatMap(({ queries }) => queries.map(({ expr }) => expr)),
);

const SOURCE = { type: 'prometheus', uid: '$' + '{source}' };
const WIDTHS = { stat: 6, timeseries: 8, table: 24 } as const;
const HEIGHTS = { stat: 4, timeseries: 8, table: 8 } as const;
const GRID = 24;

/** All that Grafana's schema asks for; its own defaults, but for a tooltip that shows all lines. */
const OPTIONS: Readonly<Record<Picture['kind'], object>> = {
  timeseries: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  stat: {
    graphMode: 'area',
    colorMode: 'value',
    justifyMode: 'auto',
    textMode: 'auto',
    wideLayout: true,
    showPercentChange: false,
    percentChangeColorMode: 'standard',
    orientation: 'auto',
    reduceOptions: { calcs: ['lastNotNull'] },
  },
  table: { frameIndex: 0, showHeader: true },
};

/** Panels from left to right and from top to bottom, as rows of the grid fill up. */
function panels(): object[] {
  let id = 0;
  let y = 0;
  return ROWS.flatMap(({ title, pictures }) => {
    const row = {
      id: ++id,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: GRID, h: 1 },
      panels: [],
    };
    let x = 0;
    let height = 0;
    const placed = pictures.map((picture) => {
      const [w, h] = [WIDTHS[picture.kind], HEIGHTS[picture.kind]];
      if (x + w > GRID || (x > 0 && h !== height)) [x, y] = [0, y + height];
      height = h;
      const gridPos = { x, y, w, h };
      x += w;
      return panel(++id, picture, gridPos);
    });
    y += height;
    return [row, ...placed];
  });
}

function panel(id: number, { title, kind, unit = 'none', queries }: Picture, gridPos: object): object {
  return {
    id,
    type: kind,
    title,
    datasource: SOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, ...(kind === 'timeseries' ? { min: 0 } : {}) }, overrides: [] },
    options: OPTIONS[kind],
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
      ...(kind === 'table' ? { format: 'table', instant: true } : {}),
    })),
  };
}

const chosen = (name: string, label: string) => ({
  name: name === 'name' ? 'profile' : name,
  type: 'query',
  label,
  datasource: SOURCE,
  query: { query: `label_values(pitcrew_profile_info, ${name})`, refId: name },
  refresh: 2,
  includeAll: true,
  multi: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
});

/** The file. Pure. */
export const dashboard = (): string =>
  `${JSON.stringify(
    {
      uid: 'pitcrew',
      title: 'pitcrew',
      description: 'Generated from deploy/monitoring/dashboard.ts by `make generate`.',
      tags: ['pitcrew', 'kubernetes'],
      schemaVersion: 39,
      editable: true,
      refresh: '30s',
      time: { from: 'now-6h', to: 'now' },
      templating: {
        list: [
          { name: 'source', type: 'datasource', label: 'Source', query: 'prometheus' },
          chosen('namespace', 'Namespace'),
          chosen('name', 'Profile'),
        ],
      },
      annotations: { list: [] },
      panels: panels(),
    },
    undefined,
    2,
  )}\n`;
