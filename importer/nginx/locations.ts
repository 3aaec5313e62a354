import type { Roles } from '../roles.ts';
import { all, type Directive, named, single } from './read.ts';

/** The locations of all servers: what each is for. */

/** `static` and `image` are those of Next.js. `files` are served from a folder, `other` is what nobody of ours answers. */
export type Purpose = 'api' | 'web' | 'static' | 'image' | 'files' | 'other';

export interface Location {
  readonly server: Directive;
  readonly directive: Directive;
  /** `=`, `^~`, `~`, `~*` or nothing. */
  readonly modifier: string;
  readonly path: string;
  readonly purpose: Purpose;
  readonly proxyPass: Directive | undefined;
}

export interface Site {
  /** What stands outside of all blocks. */
  readonly main: readonly Directive[];
  readonly http: readonly Directive[];
  readonly servers: readonly Directive[];
  readonly locations: readonly Location[];
}

/** A file that is included by the real one has no `http` around it. */
export function siteOf(directives: readonly Directive[], roles: Roles): Site {
  const blocks = named(directives, 'http').flatMap(({ children }) => children);
  const http = blocks.length > 0 ? blocks : directives;
  const servers = named(http, 'server');
  const names = upstreamNames(http);
  const locations = servers.flatMap((server) =>
    all(server.children, 'location').map((directive) => locationOf(server, directive, names, roles)),
  );
  return { main: blocks.length > 0 ? directives : [], http, servers, locations };
}

/** Host of the first server of each upstream. */
function upstreamNames(http: readonly Directive[]): Map<string, string> {
  return new Map(
    named(http, 'upstream').map(({ args: [name = ''], children }) => [
      name,
      hostOf(single(children, 'server')?.args[0] ?? ''),
    ]),
  );
}

const hostOf = (address: string): string => address.replace(/^\w+:\/\//, '').replace(/[:/].*$/s, '');

function locationOf(
  server: Directive,
  directive: Directive,
  upstreams: ReadonlyMap<string, string>,
  roles: Roles,
): Location {
  const [first = '', second] = directive.args;
  const path = second ?? first;
  const proxyPass = single(directive.children, 'proxy_pass');
  const host = proxyPass === undefined ? undefined : targetOf(proxyPass, [...directive.children, ...server.children]);
  const service = host === undefined ? undefined : (upstreams.get(host) ?? host);
  return {
    server,
    directive,
    modifier: second === undefined ? '' : first,
    path,
    purpose: purposeOf(path, service, directive, roles),
    proxyPass,
  };
}

/** The host of a proxy_pass, also where a variable holds it. */
function targetOf(proxyPass: Directive, around: readonly Directive[]): string {
  const url = (proxyPass.args[0] ?? '').replaceAll(/\$(\w+)/g, (whole, name: string) => {
    const set = named(around, 'set').find(({ args }) => args[0] === `$${name}`);
    return set?.args[1] ?? whole;
  });
  return hostOf(url);
}

function purposeOf(path: string, service: string | undefined, { children }: Directive, roles: Roles): Purpose {
  if (/_next\/static/.test(path)) return 'static';
  if (/_next\/image/.test(path)) return 'image';
  if (service === undefined) {
    return children.some(({ name }) => ['alias', 'root', 'try_files'].includes(name)) ? 'files' : 'other';
  }
  if (service === roles.backend.name) return 'api';
  return service === roles.frontend?.name ? 'web' : 'other';
}

/** The directives of a name that hold in a location: its own, else those of its server, else those of http. */
export function inForce(site: Site, { directive, server }: Location, name: string): readonly Directive[] {
  const levels = [directive.children, server.children, site.http];
  return levels.map((level) => named(level, name)).find((found) => found.length > 0) ?? [];
}

/** `nginx.conf:12 location /api/`, for a note. */
export const placeOf = ({ directive, modifier }: Location): string =>
  `${directive.at} location${modifier === '' ? '' : ` ${modifier}`}`;
