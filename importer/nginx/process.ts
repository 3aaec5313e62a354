import type { Draft } from '../draft.ts';
import { numberOr } from '../tiers/container.ts';
import type { Site } from './locations.ts';
import { all, type Directive, named, single } from './read.ts';
import { sizeQuantity, timeSeconds } from './units.ts';

/** nginx itself: processes, buffers, compression, connections to the upstreams. */

type Read = (args: readonly string[]) => unknown;

const number: Read = ([text = '']) => numberOr(text);
const size: Read = ([text = '']) => sizeQuantity(text) ?? text;
const time: Read = ([text = '']) => timeSeconds(text) ?? text;

/** Directives that are a field each. */
const PLAIN: ReadonlyArray<readonly [directive: string, field: string, read: Read]> = [
  ['worker_rlimit_nofile', 'edge.rlimitNofile', number],
  ['worker_connections', 'edge.workerConnections', number],
  ['keepalive_timeout', 'edge.keepAliveSeconds', time],
  ['client_max_body_size', 'edge.maxBodySize', size],
  ['client_body_buffer_size', 'edge.buffers.clientBody', size],
  ['proxy_buffer_size', 'edge.buffers.proxyHeader', size],
  ['gzip_comp_level', 'edge.gzip.level', number],
  ['gzip_min_length', 'edge.gzip.minLength', number],
];

export function placeProcess(draft: Draft, { main, http, servers }: Site): void {
  const events = named(main, 'events').flatMap(({ children }) => children);
  const inServers = servers.flatMap(({ children }) => children);
  const blocks = [main, events, http, inServers];
  const first = (name: string): Directive | undefined =>
    blocks.map((block) => single(block, name)).find((found) => found !== undefined);
  for (const [name, field, read] of PLAIN) {
    const found = first(name);
    if (found !== undefined) draft.place(field, read(found.args), spot(found));
  }
  const bodies = all(http, 'client_max_body_size').filter((found) => found !== first('client_max_body_size'));
  for (const found of bodies) draft.place('edge.maxBodySize', size(found.args), spot(found));
  placeWorkers(draft, first('worker_processes'));
  placeEvents(draft, first('multi_accept'), first('use'));
  placeBuffers(draft, first('output_buffers'), first('proxy_buffers'));
  if (first('gzip')?.args[0] === 'off')
    draft.note('unmapped', spot(first('gzip') as Directive), 'answers are always compressed at the edge');
}

export const spot = ({ at, name, args: [first = ''] }: Directive): string =>
  `${at} ${name}${/^[0-9]{1,9}[a-z]{0,2}$/i.test(first) ? ` ${first}` : ''}`;

/** `auto` counts the CPUs of the node: the number that is derived from the limit is meant by it. */
function placeWorkers(draft: Draft, found: Directive | undefined): void {
  if (found === undefined || found.args[0] === 'auto') return;
  draft.place('edge.workerProcesses', number(found.args), spot(found));
}

function placeEvents(draft: Draft, accept: Directive | undefined, use: Directive | undefined): void {
  if (accept !== undefined) draft.place('edge.multiAccept', accept.args[0] === 'on', `${accept.at} multi_accept`);
  if (use === undefined) return;
  if (use.args[0] === 'epoll') draft.place('edge.eventMethod', 'Epoll', `${use.at} use epoll`);
  else draft.note('unmapped', spot(use), 'nginx runs on Linux here: Epoll or Auto');
}

function placeBuffers(draft: Draft, output: Directive | undefined, proxy: Directive | undefined): void {
  if (output !== undefined) {
    draft.place('edge.buffers.outputCount', number(output.args), `${output.at} output_buffers`);
    draft.place('edge.buffers.output', size(output.args.slice(1)), `${output.at} output_buffers`);
  }
  if (proxy !== undefined) {
    draft.place('edge.buffers.proxyCount', number(proxy.args), `${proxy.at} proxy_buffers`);
    draft.place('edge.buffers.proxySize', size(proxy.args.slice(1)), `${proxy.at} proxy_buffers`);
  }
}

/** The profile has one set for all upstreams; the first that names a value is taken. */
export function placeUpstreams(draft: Draft, { http }: Site): void {
  const fields: ReadonlyArray<readonly [string, string, Read]> = [
    ['keepalive', 'connections', number],
    ['keepalive_timeout', 'timeoutSeconds', time],
    ['keepalive_requests', 'requests', number],
  ];
  for (const { children } of named(http, 'upstream')) {
    for (const [name, field, read] of fields) {
      const found = single(children, name);
      if (found !== undefined) draft.place(`edge.upstreamKeepalive.${field}`, read(found.args), spot(found));
    }
    for (const found of children.filter(({ name }) => /^(least_conn|ip_hash|hash|random|zone|sticky)$/.test(name))) {
      draft.note('unmapped', spot(found), 'each upstream is one Service, which spreads the connections by itself');
    }
    const [first, ...more] = named(children, 'server');
    if (first !== undefined && more.length > 0) {
      draft.note(
        'unmapped',
        `${more[0]?.at} server`,
        'each upstream is one Service: set backend.replicas to have more servers behind it',
      );
    }
  }
}
