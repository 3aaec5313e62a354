import { waitFor } from '../support/kubectl.ts';
import type { Stage } from '../support/stage.ts';
import { openLine, type Target } from './line.ts';

/**
 * A plain nginx with the guide's directives and nothing that the guide does not say, in front of the same
 * backends. One port for each reading: the cache of "API GET requests: 5 minutes" alone, the same with the
 * BYPASS of authenticated requests that the guide expects to see, the limiter, the upstream connections.
 */
export type GuidePort = 'cache' | 'bypass' | 'limiter' | Lane;
/** The same upstream several times: each has idle connections of its own, so that one run sees more of them. */
type Lane = 'lane1' | 'lane2' | 'lane3' | 'lane4';

const NAME = 'guide-nginx';
const LANES: Readonly<Record<Lane, number>> = { lane1: 8084, lane2: 8085, lane3: 8086, lane4: 8087 };
const PORTS: Readonly<Record<GuidePort, number>> = { cache: 8081, bypass: 8082, limiter: 8083, ...LANES };

/** Shared by the guide's stack and ours: who answers must not differ where only the edge is compared. */
const SHARED_BACKEND = 'ours-backend:8000';
/** gunicorn keeps its idle connections for 5 s there. */
const GUIDE_BACKEND = 'guide-backend:8000';

const KEEPALIVE = 'keepalive 32; keepalive_timeout 60s; keepalive_requests 100;';
const PASS = 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;';

/** What the guide says of its cache, for a zone of its own. */
const cached = (zone: string): string =>
  `proxy_cache ${zone}; proxy_cache_valid 200 5m; proxy_cache_valid 404 1m; add_header X-Cache-Status $upstream_cache_status always;`;

const lane = ([name, port]: [string, number]): string => `
  upstream ${name} { server ${GUIDE_BACKEND}; ${KEEPALIVE} }
  server { listen ${port}; location / { proxy_pass http://${name}; ${PASS} } }`;

const CONF = `
worker_processes auto;
pid /tmp/nginx.pid;
error_log stderr warn;
events { worker_connections 2048; use epoll; multi_accept on; }
http {
  client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
  log_format measured escape=json '{"uri":"$request_uri","upstream_status":"$upstream_status","port":"$server_port"}';
  access_log /dev/stdout measured;
  client_body_buffer_size 128k; output_buffers 1 32k;
  gzip on; gzip_comp_level 6; gzip_min_length 1000;
  limit_req_zone $binary_remote_addr zone=api_limit:10m rate=10r/s;
  limit_conn_zone $binary_remote_addr zone=conn_limit:10m;
  proxy_cache_path /tmp/cache levels=1:2 keys_zone=api_cache:10m max_size=100m;
  proxy_cache_path /tmp/cache-bypass levels=1:2 keys_zone=bypass_cache:10m max_size=100m;
  proxy_cache_path /tmp/cache-limiter levels=1:2 keys_zone=limiter_cache:10m max_size=100m;
  upstream backend { server ${SHARED_BACKEND}; ${KEEPALIVE} }
  server { listen ${PORTS.cache}; location /api/ { proxy_pass http://backend; ${PASS} ${cached('api_cache')} } }
  server {
    listen ${PORTS.bypass};
    location /api/ { proxy_pass http://backend; ${PASS} ${cached('bypass_cache')} proxy_cache_bypass $http_authorization; }
  }
  server {
    listen ${PORTS.limiter};
    location /api/ {
      limit_req zone=api_limit burst=20; limit_conn conn_limit 10;
      proxy_pass http://backend; ${PASS} ${cached('limiter_cache')}
    }
  }
  ${Object.entries(LANES).map(lane).join('')}
}
`;

/** Starts it and returns where each port is reached on the node. */
export async function guideNginx({ kubectl, cluster }: Stage, namespace: string): Promise<Record<GuidePort, Target>> {
  await kubectl.run('delete', 'pod', NAME, '-n', namespace, '--ignore-not-found', '--grace-period=0', '--force');
  await kubectl.pipe(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects(namespace) }), 'apply', '-f', '-');
  await kubectl.run('wait', '--for=condition=Ready', `pod/${NAME}`, '-n', namespace, '--timeout=60s');
  const service = await kubectl.get<ServiceView>('service', NAME, '-n', namespace);
  const targets = Object.keys(PORTS).map((name) => {
    const port = service?.spec.ports.find((each) => each.name === name)?.nodePort ?? 0;
    return [name, { address: cluster.nodeAddress, port, host: 'guide.example' }] as const;
  });
  for (const [name, target] of targets) await waitUntilReached(name, target);
  return Object.fromEntries(targets) as Record<GuidePort, Target>;
}

interface ServiceView {
  readonly spec: { readonly ports: ReadonlyArray<{ readonly name: string; readonly nodePort: number }> };
}

/** The pod may be ready before the node leads its ports to it. */
async function waitUntilReached(name: string, target: Target): Promise<void> {
  const line = openLine(target, 1);
  await waitFor(
    `port ${name} of the plain nginx`,
    async () => (await line.ask({ path: '/api/health' })).status === 200,
  );
  await line.close();
}

function objects(namespace: string): object[] {
  const metadata = { name: NAME, namespace, labels: { app: NAME } };
  const selector = { app: NAME };
  const ports = Object.entries(PORTS);
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'nginx.conf': CONF } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        type: 'NodePort',
        externalTrafficPolicy: 'Local',
        selector,
        ports: ports.map(([name, port]) => ({ name, port })),
      },
    },
    // The backends let in their own edges only.
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: { matchLabels: { 'performance.bahamm.ir/tier': 'backend' } },
        ingress: [{ from: [{ podSelector: { matchLabels: selector } }] }],
      },
    },
    pod(
      metadata,
      ports.map(([, port]) => port),
    ),
  ];
}

function pod(metadata: object, ports: readonly number[]): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 101,
        runAsGroup: 101,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumes: [
        { name: 'conf', configMap: { name: NAME } },
        { name: 'tmp', emptyDir: {} },
      ],
      containers: [
        {
          name: 'nginx',
          image: 'nginx:1.30',
          imagePullPolicy: 'IfNotPresent',
          command: ['nginx', '-c', '/conf/nginx.conf', '-g', 'daemon off;'],
          ports: ports.map((containerPort) => ({ containerPort })),
          readinessProbe: { tcpSocket: { port: ports[0] }, periodSeconds: 1 },
          resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '500m', memory: '512Mi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          volumeMounts: [
            { name: 'conf', mountPath: '/conf' },
            { name: 'tmp', mountPath: '/tmp' },
          ],
        },
      ],
    },
  };
}
