import { App, Chart } from 'cdk8s';
import { parseProfile } from '../../../crds/performance-profile.ts';
import { DERIVATIONS } from '../../derivations.ts';
import { resolveEffective } from '../../effective.ts';
import { DEFAULT_FACTS } from '../../facts.ts';
import { findAll, type ReadDirective, readNginx, valuesOf } from '../../kit/nginx-reader.ts';
import type { DesiredObject } from '../../object.ts';
import { type Stack, stackOf } from '../../stack.ts';
import { addEdge } from './chart.ts';
import { edgeConfig } from './config.ts';

/** For the tests of this folder: stacks from profiles, and questions to the configuration that comes out. */

/** Any JSON object. */
export interface Json {
  readonly [key: string]: unknown;
}

/** The guide's values for the edge, literally. */
export const GUIDE_EDGE: Json = {
  hosts: ['shop.example', 'www.shop.example', 'm.shop.example'],
  tls: { secretName: 'shop-tls' },
  workerConnections: 2048,
  cache: {
    api: { ttlSeconds: 300, notFoundTtlSeconds: 60, paths: ['/api/products'], privateCookies: ['auth_token'] },
    static: { ttlSeconds: 31_536_000 },
    image: { ttlSeconds: 604_800 },
    maxSize: '100Mi',
  },
  rateLimit: { api: { requestsPerSecond: 10, burst: 20 }, web: { requestsPerSecond: 50, burst: 100 } },
  connectionLimit: { api: 10, web: 20 },
  upstreamKeepalive: { connections: 32, timeoutSeconds: 60, requests: 100 },
  gzip: { level: 6, minLength: 1000 },
  buffers: { clientBody: '128Ki', output: '32Ki' },
};

export const GUIDE_SPEC: Json = {
  requestDeadlineSeconds: 45,
  edge: GUIDE_EDGE,
  backend: { image: 'shop/backend:1', healthPath: '/api/health' },
  frontend: { image: 'shop/frontend:1' },
  uploads: { path: '/uploads/', backendPath: '/app/uploads', size: '5Gi' },
  postgres: { storage: { size: '20Gi' } },
};

/** The smallest profile. */
export const SMALL_SPEC: Json = {
  edge: { hosts: ['shop.example'] },
  backend: { image: 'shop/backend:1' },
  postgres: { storage: { size: '20Gi' } },
};

/** The stack of a spec; the spec must be valid. */
export function stackFrom(spec: Json, name = 'shop'): Stack {
  const parsed = parseProfile({
    apiVersion: 'performance.bahamm.ir/v1alpha1',
    kind: 'PerformanceProfile',
    metadata: { name, namespace: 'shop-space' },
    spec,
  });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return stackOf(parsed.profile, DEFAULT_FACTS, resolveEffective(parsed.profile.spec, DEFAULT_FACTS, DERIVATIONS));
}

/** The guide's stack with some fields of the edge replaced. */
export const guideWith = (edge: Json, more: Json = {}): Stack =>
  stackFrom({ ...GUIDE_SPEC, ...more, edge: { ...GUIDE_EDGE, ...edge } });

/** nginx.conf, read back. */
export const confOf = (stack: Stack): ReadDirective[] => readNginx(edgeConfig(stack).files['nginx.conf'] ?? '');

/** What stands directly in `http`. */
export function httpOf(stack: Stack): readonly ReadDirective[] {
  return confOf(stack).find((found) => found.words[0] === 'http')?.children ?? [];
}

/** The servers of a port that answer a host; `_` for the default one. */
export function serverOf(stack: Stack, port: number, host: string): readonly ReadDirective[] {
  const servers = findAll(httpOf(stack), 'server')
    .map((server) => server.children)
    .filter((children) => children !== undefined);
  const found = servers.filter(
    (server) =>
      valuesOf(server, 'listen').some((words) => words[0] === String(port)) &&
      valuesOf(server, 'server_name').flat().includes(host),
  );
  if (found.length !== 1) throw new Error(`${found.length} servers for ${host} on ${port}`);
  return found[0] as readonly ReadDirective[];
}

/** Locations of a server by what they match: `= /health`, `/api/`. */
export function locationsOf(server: readonly ReadDirective[]): Map<string, readonly ReadDirective[]> {
  const locations = server.filter((found) => found.words[0] === 'location');
  return new Map(locations.map((found) => [found.words.slice(1).join(' '), found.children ?? []]));
}

/** The location that nginx would choose for a path: exact, else the longest prefix. */
export function locationFor(server: readonly ReadDirective[], path: string): readonly ReadDirective[] {
  const locations = locationsOf(server);
  const exact = locations.get(`= ${path}`);
  if (exact !== undefined) return exact;
  const prefixes = [...locations.keys()].filter((match) => match.startsWith('/') && path.startsWith(match));
  const longest = prefixes.sort((a, b) => b.length - a.length)[0] ?? '';
  return locations.get(longest) ?? [];
}

/** What a map makes of a text: an exact word first, then the first pattern that matches. */
export function mapped(entries: readonly (readonly string[])[] | undefined, text: string): string | undefined {
  const exact = entries?.find(([key]) => key === text)?.[1];
  if (exact !== undefined) return exact;
  const matches = ([key = '']: readonly string[]) =>
    key.startsWith('~') && new RegExp(key.replace(/^~\*?/, ''), key.startsWith('~*') ? 'i' : '').test(text);
  return (entries?.find(matches) ?? entries?.find(([key]) => key === 'default'))?.[1];
}

/** All objects of the edge. */
export function objectsOf(stack: Stack): DesiredObject[] {
  const chart = new Chart(new App(), stack.name, { disableResourceNameHashes: true });
  addEdge(chart, stack);
  return chart.toJson() as DesiredObject[];
}
