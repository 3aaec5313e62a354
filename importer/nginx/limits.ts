import type { Draft } from '../draft.ts';
import { inForce, type Location, placeOf, type Site } from './locations.ts';
import { type Directive, named } from './read.ts';
import { parameterOf } from './units.ts';

/** Limits for each client. A profile has two of each: for the API and for pages. */

export function placeLimits(draft: Draft, site: Site): void {
  for (const location of site.locations) {
    const tier = tierOf(location);
    if (tier === undefined) continue;
    for (const limit of inForce(site, location, 'limit_req')) placeRate(draft, site, location, limit, tier);
    for (const limit of inForce(site, location, 'limit_conn')) placeConnections(draft, site, limit, tier);
  }
  placeDryRun(draft, site);
}

function tierOf({ purpose, directive }: Location): 'api' | 'web' | undefined {
  if (purpose === 'api') return 'api';
  const isLimited = directive.children.some(({ name }) => name.startsWith('limit_'));
  return purpose === 'web' || (isLimited && purpose !== 'other') ? 'web' : undefined;
}

function placeRate(draft: Draft, site: Site, location: Location, limit: Directive, tier: 'api' | 'web'): void {
  const zone = zoneOf(site, 'limit_req_zone', parameterOf(limit.args, 'zone'));
  const path = `edge.rateLimit.${tier}`;
  const from = `${limit.at} limit_req`;
  if (zone === undefined) {
    draft.note('unmapped', from, `its limit_req_zone is not in your files: set ${path} yourself`);
    return;
  }
  if (!isByClient(zone)) {
    draft.note('unmapped', from, 'it counts something other than clients: pitcrew limits each client');
    return;
  }
  const known = draft.at(`${path}.requestsPerSecond`);
  const isOther = known !== undefined && known.from !== `${zone.at} limit_req_zone`;
  if (isOther) {
    draft.note(
      'unmapped',
      `${placeOf(location)} limit_req`,
      `a second limit for ${tier === 'api' ? 'the API' : 'pages'}: pitcrew has one; limit such paths in the application, or take the stricter one`,
    );
    return;
  }
  placeRequests(draft, `${path}.requestsPerSecond`, zone);
  const burst = parameterOf(limit.args, 'burst');
  if (known === undefined) placeBurst(draft, path, limit, burst, from);
}

function placeRequests(draft: Draft, path: string, zone: Directive): void {
  const rate = parameterOf(zone.args, 'rate') ?? '';
  const match = /^([0-9]{1,9})r\/([sm])$/.exec(rate);
  const from = `${zone.at} limit_req_zone`;
  const perSecond = Number(match?.[1]) / (match?.[2] === 'm' ? 60 : 1);
  if (!(perSecond >= 1)) {
    draft.note(
      'unmapped',
      from,
      `less than one request per second cannot be said in ${path}: limit such paths in the application`,
    );
    return;
  }
  if (!Number.isInteger(perSecond))
    draft.note('changed', from, `${rate} is no whole number per second: ${path} is rounded down`);
  draft.place(path, Math.floor(perSecond), from, `from ${from} rate=${rate}`);
}

/** Without nodelay nginx lets the burst wait. */
function placeBurst(draft: Draft, path: string, limit: Directive, burst: string | undefined, from: string): void {
  draft.place(
    `${path}.burst`,
    Number(burst ?? 0),
    from,
    `from ${from}${burst === undefined ? ' without burst' : ` burst=${Number(burst)}`}`,
  );
  if (burst === undefined || limit.args.includes('nodelay')) return;
  draft.place(`${path}.mode`, 'Delay', from, `from ${from} without nodelay`);
  const after = parameterOf(limit.args, 'delay');
  if (after !== undefined) draft.place(`${path}.delayAfter`, Number(after), from);
}

function placeConnections(draft: Draft, site: Site, limit: Directive, tier: 'api' | 'web'): void {
  const [name, count = ''] = limit.args;
  const zone = zoneOf(site, 'limit_conn_zone', name);
  const from = `${limit.at} limit_conn`;
  if (zone !== undefined && !isByClient(zone)) {
    draft.note('unmapped', from, 'it counts something other than clients: pitcrew limits each client');
    return;
  }
  draft.place(`edge.connectionLimit.${tier}`, Number(count), from, `from ${from} ${Number(count)}`);
}

/** The declaration of a zone: `zone=api:10m` of that name. */
function zoneOf({ http }: Site, directive: string, name: string | undefined): Directive | undefined {
  return named(http, directive).find(({ args }) => parameterOf(args, 'zone')?.split(':')[0] === name);
}

/** By the address of the client, in whichever of its forms; a variable of a map is taken for one, since maps exempt clients. */
const isByClient = ({ args: [key = ''] }: Directive): boolean =>
  /^\$(binary_remote_addr|remote_addr|realip_remote_addr|http_x_forwarded_for|http_x_real_ip|http_cf_connecting_ip)$/.test(
    key,
  ) || /^\$\w*(limit|client|ip|addr)\w*$/.test(key);

function placeDryRun(draft: Draft, { http, servers, locations }: Site): void {
  const blocks = [
    http,
    ...servers.map(({ children }) => children),
    ...locations.map(({ directive }) => directive.children),
  ];
  for (const [directive, field] of [
    ['limit_req_dry_run', 'rateLimit'],
    ['limit_conn_dry_run', 'connectionLimit'],
  ] as const) {
    const found = blocks.flatMap((block) => named(block, directive)).find(({ args }) => args[0] === 'on');
    if (found !== undefined) draft.place(`edge.${field}.enforcement`, 'DryRun', `${found.at} ${directive} on`);
  }
}
