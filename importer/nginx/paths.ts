import type { Draft } from '../draft.ts';
import type { Roles } from '../roles.ts';
import { browserTime } from './caches.ts';
import { inForce, type Location, placeOf, type Site } from './locations.ts';
import { single } from './read.ts';
import { timeSeconds } from './units.ts';

/** Who answers which path, how long it may take, and files that nginx serves. */

export function placePaths(draft: Draft, site: Site, roles: Roles): void {
  const backend = site.locations.filter(({ purpose }) => purpose === 'api');
  const prefixes = backend.filter(
    ({ path, modifier }) => !modifier.startsWith('~') && (path !== '/' || roles.frontend === undefined),
  );
  for (const location of prefixes) if (!isCovered(location, prefixes)) placePath(draft, location);
  for (const location of backend.filter(({ modifier }) => modifier.startsWith('~'))) {
    draft.note('unmapped', placeOf(location), 'a pattern: name the prefixes that the backend answers in backend.paths');
  }
  if (roles.frontend !== undefined && backend.some(({ path }) => path === '/')) {
    draft.note(
      'unmapped',
      placeOf(backend.find(({ path }) => path === '/') as Location),
      'the backend answers /, but what backend.paths does not name goes to the frontend: list its paths',
    );
  }
  placeDeadline(draft, site, backend);
  for (const location of site.locations.filter(({ purpose }) => purpose === 'files' || purpose === 'other'))
    placeFiles(draft, location, roles);
}

/** A shorter prefix with a slash at its end leads there too. */
const isCovered = ({ path, modifier }: Location, all: readonly Location[]): boolean =>
  modifier !== '=' &&
  all.some(
    (other) =>
      other.modifier !== '=' &&
      other.path.endsWith('/') &&
      other.path !== '/' &&
      other.path !== path &&
      path.startsWith(other.path),
  );

/** A path that is asked exactly for health is the probe's, which nginx passes anyhow. */
function placePath(draft: Draft, location: Location): void {
  const { path, modifier, proxyPass, directive } = location;
  const from = `${directive.at} location`;
  if (modifier === '=' && /health|ready|live|ping/.test(path)) {
    if (draft.at('backend.healthPath') === undefined) draft.place('backend.healthPath', path, from);
    return;
  }
  const uri = /^\w+:\/\/[^/]+(\/.*)$/.exec(proxyPass?.args[0] ?? '')?.[1];
  if (uri !== undefined && uri !== path) {
    draft.note(
      'unmapped',
      `${proxyPass?.at} proxy_pass`,
      'nginx rewrites the path before it passes it on; pitcrew passes it on as it is: let the application serve the whole path (root_path of FastAPI)',
    );
  }
  if (path === '/' || placeUploads(draft, path, from)) return;
  const steps = ['backend', 'paths', `[${path}]`];
  if (draft.at(steps) === undefined) draft.place(steps, path, from);
}

/** The folder of the uploads under its own name: nginx serves it, not the backend. */
function placeUploads(draft: Draft, path: string, from: string): boolean {
  const folder = draft.at('uploads.backendPath')?.value;
  const isTheirs =
    typeof folder === 'string' && folder.endsWith(`/${path.replaceAll('/', '')}`) && !path.slice(1, -1).includes('/');
  return isTheirs && draft.place('uploads.path', path, from);
}

/** The longest that a path of the API may take is the deadline for all. */
function placeDeadline(draft: Draft, site: Site, backend: readonly Location[]): void {
  const found = backend.flatMap((location) => inForce(site, location, 'proxy_read_timeout'));
  const times = found.flatMap((each) => {
    const seconds = timeSeconds(each.args[0] ?? '');
    return seconds === undefined ? [] : [{ each, seconds }];
  });
  const longest = times.reduce<(typeof times)[number] | undefined>(
    (most, time) => (most === undefined || time.seconds > most.seconds ? time : most),
    undefined,
  );
  if (longest === undefined) return;
  const from = `${longest.each.at} proxy_read_timeout`;
  draft.place('requestDeadlineSeconds', longest.seconds, from, `from ${from} ${longest.each.args[0]}`);
  if (times.some(({ seconds }) => seconds !== longest.seconds)) {
    draft.note('changed', from, 'paths have different timeouts, a profile has one: the longest is taken');
  }
}

/** Uploads are served by nginx from the volume of the backend; of other files there are none at the edge. */
function placeFiles(draft: Draft, location: Location, { backend, edge }: Roles): void {
  const { directive, path } = location;
  const folder = single(directive.children, 'alias')?.args[0] ?? single(directive.children, 'root')?.args[0];
  const mount = edge?.mounts.find(
    ({ target }) => folder !== undefined && `${folder}/`.startsWith(`${target.replace(/\/$/, '')}/`),
  );
  const shared = backend.mounts.find(({ source }) => source !== undefined && source === mount?.source);
  if (/\.well-known\/acme/.test(path)) return;
  if (shared !== undefined && draft.at('uploads.backendPath')?.value === shared.target) {
    draft.place('uploads.path', path, `${directive.at} location`);
    const [found, text] = browserTime(directive.children);
    const ttl = timeSeconds(text ?? '');
    if (found !== undefined && ttl !== undefined)
      draft.place('uploads.ttlSeconds', ttl, `${found.at} ${found.name}`, `from ${found.at} ${found.name} ${text}`);
    return;
  }
  if (location.purpose === 'files')
    draft.note(
      'unmapped',
      placeOf(location),
      'nginx of pitcrew serves no files but uploads: let the backend or the frontend answer this path, or a CDN',
    );
  else if (location.proxyPass !== undefined)
    draft.note(
      'unmapped',
      placeOf(location),
      'it leads to a server that is neither backend nor frontend: give it a host name and an Ingress of its own',
    );
}
