import type { Service } from '../compose/service.ts';
import type { Draft } from '../draft.ts';
import { placeCaches } from '../nginx/caches.ts';
import { placeLimits } from '../nginx/limits.ts';
import { siteOf } from '../nginx/locations.ts';
import { placePaths } from '../nginx/paths.ts';
import { placeProcess, placeUpstreams } from '../nginx/process.ts';
import type { Directive } from '../nginx/read.ts';
import { noteRemainder } from '../nginx/remainder.ts';
import { placeHost, placeServers } from '../nginx/servers.ts';
import type { Roles } from '../roles.ts';
import { noteOtherKeys, placeReplicas, placeResources } from './container.ts';

/** The edge: the service that runs nginx, and nginx's own configuration. */

export function placeEdge(draft: Draft, roles: Roles, directives: readonly Directive[] | undefined): void {
  const { edge, otherProxy } = roles;
  if (edge !== undefined) placeService(draft, edge);
  if (directives !== undefined) {
    const site = siteOf(directives, roles);
    placeServers(draft, site);
    placePaths(draft, site, roles);
    placeProcess(draft, site);
    placeUpstreams(draft, site);
    placeCaches(draft, site);
    placeLimits(draft, site);
    noteRemainder(draft, site);
  } else if (edge !== undefined) {
    draft.note('unmapped', `services.${edge.name}`, 'its configuration is not read: give it by --nginx FILE');
  } else if (otherProxy === undefined) {
    draft.note('changed', 'services', 'there is no nginx in the file: the operator puts one in front of the backend');
  }
  for (const service of [roles.backend, roles.frontend, otherProxy])
    if (service !== undefined) placeRoutes(draft, service, service === roles.backend);
  placeMissingHosts(draft);
}

/** nginx itself is brought by the operator, in a version that it knows. */
function placeService(draft: Draft, edge: Service): void {
  draft.note(
    'changed',
    `services.${edge.name}.image`,
    'nginx is of the version that the operator knows, unless you set edge.image',
  );
  placeReplicas(draft, 'edge', edge);
  placeResources(draft, 'edge', edge);
  noteOtherKeys(draft, edge);
}

/** Host names in the rules of Traefik, which stand in labels. */
function placeRoutes(draft: Draft, { name, labels }: Service, isBackend: boolean): void {
  for (const [label, rule] of Object.entries(labels)) {
    if (!/^traefik\.http\.routers\.[\w-]+\.rule$/.test(label)) continue;
    const from = `services.${name}.labels: traefik rule`;
    for (const [, hosts = ''] of String(rule).matchAll(/Host\(([^)]*)\)/g)) {
      for (const [, host = ''] of hosts.matchAll(/[`"']([^`"']+)[`"']/g)) placeHost(draft, host.toLowerCase(), from);
    }
    for (const [, path = ''] of String(rule).matchAll(/PathPrefix\([`"']([^`"']+)[`"']\)/g)) {
      const steps = ['backend', 'paths', `[${path}]`];
      if (isBackend && path !== '/' && draft.at(steps) === undefined) draft.place(steps, path, from);
    }
  }
}

/** Reserved for examples (RFC 2606), so that nobody's site is meant by it. */
export const PLACEHOLDER_HOST = 'shop.example';

function placeMissingHosts(draft: Draft): void {
  if (draft.entries().some(({ path }) => path[1] === 'hosts')) return;
  draft.place(
    ['edge', 'hosts', `[${PLACEHOLDER_HOST}]`],
    PLACEHOLDER_HOST,
    'edge.hosts',
    'FILL IN: the names of your site, which stand in no file',
  );
  draft.note('fill', 'edge.hosts', 'no file says what the site is called: put its host names there');
}
