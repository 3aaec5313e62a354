import { describe, expect, it } from 'vitest';
import { knobsOf } from '../../../crds/knob.ts';
import { edgeSchema } from '../../../crds/tiers/edge.ts';
import { CONFIG_HASH } from '../../kit/labels.ts';
import type { DesiredObject } from '../../object.ts';
import { edgeRequirements } from './chart.ts';
import { edgeConfig } from './config.ts';
import { GUIDE_EDGE, guideWith, type Json, objectsOf, SMALL_SPEC, stackFrom } from './fixtures.ts';

const guide = guideWith({});
const objects = objectsOf(guide);
const byKind = (kind: string, list = objects) => list.filter((object) => object.kind === kind);
const specOf = (kind: string, list = objects) => byKind(kind, list)[0]?.spec as Json;
const templateOf = (list: DesiredObject[]) => JSON.stringify(specOf('Deployment', list).template);

/** Every value in an object, with its path. */
function leaves(value: unknown, path = ''): [string, unknown][] {
  if (value === null || typeof value !== 'object' || Object.keys(value).length === 0) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
}

describe('objects', () => {
  it('are these', () => {
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)).toEqual([
      'ServiceAccount shop-space/shop-edge',
      'ConfigMap shop-space/shop-edge-config',
      'Service shop-space/shop-edge',
      'Deployment shop-space/shop-edge',
      'PodDisruptionBudget shop-space/shop-edge',
      'NetworkPolicy shop-space/shop-edge',
    ]);
    expect(byKind('Ingress', objectsOf(guideWith({ ingress: { className: 'traefik' } }))).length).toBe(1);
  });

  it('hold nothing that is null or empty', () => {
    const all = [
      ...objects,
      ...objectsOf(stackFrom(SMALL_SPEC)),
      ...objectsOf(guideWith({ ingress: { className: 'a' } })),
    ];
    for (const [path, value] of all.flatMap((object) => leaves(object))) {
      expect([path, value === null || value === '' || typeof value === 'object']).toEqual([path, false]);
    }
  });

  it('carry the hash on the ConfigMap alone', () => {
    const { hash, files } = edgeConfig(guide);
    const [config] = byKind('ConfigMap');
    expect(config?.metadata.annotations).toEqual({ [CONFIG_HASH]: hash });
    expect(config?.data).toEqual(files);
    expect(JSON.stringify(byKind('Deployment'))).not.toContain(hash);
  });
});

describe('the pod', () => {
  const template = specOf('Deployment').template as { spec: Json & { containers: Json[]; volumes: Json[] } };
  const container = template.spec.containers[0] as Json & { volumeMounts: { mountPath: string; subPath?: string }[] };

  it('runs under the restricted policy', () => {
    expect(template.spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 101, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('mounts directories, and uploads read-only with the group that owns them', () => {
    expect(container.volumeMounts.map(({ mountPath }) => mountPath)).toEqual([
      '/etc/pitcrew/edge',
      '/etc/pitcrew/tls',
      '/srv/uploads',
      '/var/cache/pitcrew',
      '/tmp',
    ]);
    expect(container.volumeMounts.every(({ subPath }) => subPath === undefined)).toBe(true);
    expect(template.spec.volumes).toContainEqual({
      name: 'uploads',
      persistentVolumeClaim: { claimName: 'shop-backend-uploads', readOnly: true },
    });
    expect(template.spec.securityContext).toMatchObject({ supplementalGroups: [1000] });
  });

  it('gives the cache its size and half as much again (INV-15), and memory only where it is asked for', () => {
    expect(template.spec.volumes).toContainEqual({ name: 'cache', emptyDir: { sizeLimit: '214Mi' } });
    const inMemory = guideWith({ cache: { ...(GUIDE_EDGE.cache as Json), medium: 'Memory' } });
    expect(templateOf(objectsOf(inMemory))).toContain('"emptyDir":{"medium":"Memory","sizeLimit":"214Mi"}');
  });

  it('has time to drain the longest request (INV-08)', () => {
    expect(template.spec.terminationGracePeriodSeconds).toBe(8 + 60 + 12);
  });
});

/** Another value for each knob of the edge that is taken over by a reload. */
const OTHER_VALUES: Readonly<Record<string, unknown>> = {
  'cache.api.ttlSeconds': 7,
  'cache.api.notFoundTtlSeconds': 7,
  'cache.api.paths': ['/api/other'],
  'cache.api.privateCookies': ['other'],
  'cache.api.lifetime': 'Fixed',
  'cache.api.otherCookies': 'Private',
  'cache.api.inactiveSeconds': 301,
  'cache.static.ttlSeconds': 3601,
  'cache.static.inactiveSeconds': 3602,
  'cache.image.ttlSeconds': 61,
  'cache.image.inactiveSeconds': 62,
  'cache.minFree': '1Gi',
  'cache.keysZoneMiB': 6,
  'cache.lockTimeoutSeconds': 46,
  'cache.minUses': 2,
  'cache.serveStale': 'WhileUpdating',
  'clientIdentity.source': 'ProxyProtocol',
  'clientIdentity.trustedCIDRs': ['10.0.0.0/8'],
  'clientIdentity.otherPeers': 'Refuse',
  'clientIdentity.ipv6PrefixLength': 128,
  'cdn.provider': 'None',
  'cdn.sMaxAgeSeconds': 61,
  'cdn.staleWhileRevalidateSeconds': 0,
  workerProcesses: 3,
  rlimitNofile: 8192,
  workerConnections: 4096,
  multiAccept: false,
  eventMethod: 'Auto',
  keepAliveSeconds: 99,
  'rateLimit.api.requestsPerSecond': 11,
  'rateLimit.api.burst': 12,
  'rateLimit.api.mode': 'Reject',
  'rateLimit.api.delayAfter': 5,
  'rateLimit.web.requestsPerSecond': 13,
  'rateLimit.web.burst': 14,
  'rateLimit.web.mode': 'Reject',
  'rateLimit.web.delayAfter': 5,
  'rateLimit.enforcement': 'DryRun',
  'rateLimit.zoneMiB': 11,
  'rateLimit.exemptCIDRs': ['192.0.2.0/24'],
  'connectionLimit.api': 15,
  'connectionLimit.web': 16,
  'connectionLimit.enforcement': 'DryRun',
  'connectionLimit.zoneMiB': 11,
  'upstreamKeepalive.connections': 17,
  'upstreamKeepalive.timeoutSeconds': 18,
  'upstreamKeepalive.requests': 19,
  'gzip.level': 2,
  'gzip.minLength': 20,
  'buffers.clientBody': '64Ki',
  'buffers.output': '64Ki',
  'buffers.outputCount': 2,
  'buffers.proxyHeader': '16Ki',
  'buffers.proxyCount': 9,
  'buffers.proxySize': '32Ki',
  maxBodySize: '20Mi',
};

function changed(edge: Json, [head = '', ...rest]: readonly string[], value: unknown): Json {
  return { ...edge, [head]: rest.length === 0 ? value : changed((edge[head] ?? {}) as Json, rest, value) };
}

describe('a knob that is taken over by a reload', () => {
  /** Every knob says something here: behind a proxy and a CDN, with limits that delay. */
  const base: Json = {
    ...GUIDE_EDGE,
    clientIdentity: { source: 'XForwardedFor', trustedCIDRs: ['10.42.0.0/16'] },
    cdn: { provider: 'Cloudflare' },
    rateLimit: { api: { mode: 'Delay' }, web: { mode: 'Delay' } },
  };
  const before = guideWith(base);
  const knobs = knobsOf(edgeSchema).filter(({ knob }) => knob.change === 'reload' && knob.target.file === 'nginx.conf');

  it.each(knobs.map(({ path }) => path))('%s changes the configuration and not the pods', (path) => {
    expect(Object.keys(OTHER_VALUES)).toContain(path);
    const after = guideWith(changed(base, path.split('.'), OTHER_VALUES[path]));
    expect(edgeConfig(after).hash).not.toBe(edgeConfig(before).hash);
    expect(templateOf(objectsOf(after))).toBe(templateOf(objectsOf(before)));
  });

  it('is requestDeadlineSeconds, too, within a full minute', () => {
    const after = guideWith({}, { requestDeadlineSeconds: 60 });
    expect(edgeConfig(after).hash).not.toBe(edgeConfig(guide).hash);
    expect(templateOf(objectsOf(after))).toBe(templateOf(objects));
  });
});

describe('the network', () => {
  it('lets everybody in to the site and the operator alone to the status port', () => {
    expect(specOf('NetworkPolicy').ingress).toEqual([
      {
        ports: [
          { protocol: 'TCP', port: 8080 },
          { protocol: 'TCP', port: 8443 },
        ],
      },
      {
        from: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'pitcrew-system' } },
            podSelector: { matchLabels: { 'app.kubernetes.io/name': 'pitcrew' } },
          },
        ],
        ports: [{ protocol: 'TCP', port: 8081 }],
      },
    ]);
  });

  it('lets out to names, backend and frontend', () => {
    const egress = specOf('NetworkPolicy').egress as { ports: { port: number }[] }[];
    expect(egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([53, 53, 8000, 3000]);
    expect(specOf('NetworkPolicy').policyTypes).toEqual(['Ingress', 'Egress']);
  });

  it('offers http, and https with a certificate', () => {
    const ports = (list: DesiredObject[]) => (specOf('Service', list).ports as Json[]).map(({ port }) => port);
    expect(ports(objects)).toEqual([80, 443]);
    expect(ports(objectsOf(stackFrom(SMALL_SPEC)))).toEqual([80]);
    expect(specOf('Service')).not.toHaveProperty('externalTrafficPolicy');
    const local = guideWith({ service: { type: 'NodePort', externalTrafficPolicy: 'Local' } });
    expect(specOf('Service', objectsOf(local))).toMatchObject({ type: 'NodePort', externalTrafficPolicy: 'Local' });
  });

  it('asks others for the certificate', () => {
    expect(edgeRequirements(guide)).toEqual([
      { kind: 'Secret', name: 'shop-tls', keys: ['tls.crt', 'tls.key'], path: 'edge.tls.secretName' },
    ]);
    expect(edgeRequirements(stackFrom(SMALL_SPEC))).toEqual([]);
  });

  it('leads an Ingress to the http port, with the certificate for its proxy', () => {
    const ingress = specOf('Ingress', objectsOf(guideWith({ ingress: { className: 'traefik' } })));
    expect(ingress).toMatchObject({
      ingressClassName: 'traefik',
      tls: [{ hosts: ['shop.example', 'www.shop.example', 'm.shop.example'], secretName: 'shop-tls' }],
    });
    expect((ingress.rules as Json[])[0]).toEqual({
      host: 'shop.example',
      http: {
        paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'shop-edge', port: { name: 'http' } } } }],
      },
    });
  });
});
