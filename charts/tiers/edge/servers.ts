import {
  EDGE_ERROR_PATH,
  EDGE_HTTP_PORT,
  EDGE_HTTPS_PORT,
  EDGE_PROOF_PATH,
  EDGE_STATUS_PORT,
} from '../../kit/names.ts';
import { block, directive, join, mapBlock, pattern, type Statement, type Template, template } from '../../kit/nginx.ts';
import type { Stack } from '../../stack.ts';
import { behindHttpProxy, clientScheme, refuseStrangers, speaksProxyProtocol } from './client-identity.ts';
import { header } from './headers.ts';
import { acmeLocation, siteLocations } from './locations.ts';
import { ERROR_FILE, TLS_DIRECTORY } from './paths.ts';

/** Which server answers which host on which port. */

/** Path on the status port that answers while nginx does. */
export const HEALTH_PATH = '/-/healthz';

export function siteServers(stack: Stack): Statement[] {
  return [
    ...unknownHosts(stack),
    ...twinServers(stack),
    ...plainServers(stack),
    ...(hasTls(stack)
      ? [server([...listenTls(stack), ...names(stack), ...refuseStrangers(stack)], siteLocations(stack))]
      : []),
  ];
}

/** TLS by Mozilla's intermediate recommendation. Sessions are kept on our side, so that tickets need no keys. */
export function tlsSettings(stack: Stack): Statement[] {
  if (!hasTls(stack)) return [];
  return [
    directive('ssl_certificate', `${TLS_DIRECTORY}/tls.crt`),
    directive('ssl_certificate_key', `${TLS_DIRECTORY}/tls.key`),
    directive('ssl_protocols', 'TLSv1.2', 'TLSv1.3'),
    directive('ssl_ciphers', TLS12_CIPHERS.join(':')),
    directive('ssl_prefer_server_ciphers', 'off'),
    directive('ssl_session_cache', 'shared:tls_sessions:10m'),
    directive('ssl_session_timeout', '1d'),
    directive('ssl_session_tickets', 'off'),
  ];
}

/** Maps that the servers use. */
export function serverMaps(stack: Stack): Statement[] {
  if (!redirectsSome(stack)) return [];
  // Behind an Ingress whose proxy we do not trust, nobody can tell: then nothing is redirected, as that might never end.
  const unless = stack.spec.edge.ingress === undefined ? 1 : 0;
  const source = behindHttpProxy(stack) ? template`$from_proxy:$http_x_forwarded_proto:$uri` : template`0::$uri`;
  return [
    mapBlock(source, template`$to_https`, [
      ['default', unless],
      [pattern`~^[^/]*:/\.well-known/acme-challenge/`, 0],
      [pattern`~^1:https:`, 0],
      [pattern`~^1:http:`, 1],
    ]),
  ];
}

/** Probes, proof of the loaded configuration, counters. Not reachable through the Service. */
export function statusServer(configHash: string): Statement {
  const text = directive('default_type', 'text/plain');
  return server(
    [
      directive('listen', EDGE_STATUS_PORT),
      directive('server_name', '_'),
      directive('access_log', 'off'),
      header('Cache-Control', 'no-store'),
      directive('keepalive_timeout', 0), // After a reload, an old connection would be answered by an old worker.
    ],
    [
      block(['location', '=', HEALTH_PATH], [text, directive('return', 200, 'ok')]),
      block(['location', '=', EDGE_PROOF_PATH], [text, directive('return', 200, configHash)]),
      block(['location', '=', EDGE_ERROR_PATH], [text, block(['types'], []), directive('alias', ERROR_FILE)]),
      block(['location', '=', '/-/status'], [directive('stub_status')]),
      block(['location', '/'], [directive('return', 404)]),
    ],
  );
}

const TLS12_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

const hasTls = (stack: Stack): boolean => stack.spec.edge.tls !== undefined;

/** Whether the plain port has to tell requests that came by TLS to a proxy in front from those that did not. */
const redirectsSome = (stack: Stack): boolean =>
  hasTls(stack) && (stack.spec.edge.ingress !== undefined || behindHttpProxy(stack));

/** A host that is not ours is told so, and does not reach the application. */
function unknownHosts(stack: Stack): Statement[] {
  const misdirected = block(['location', '/'], [directive('return', 421)]);
  return [
    server(
      [...listenPlain(stack, 'default_server'), directive('server_name', '_')],
      [acmeLocation(stack), misdirected],
    ),
    ...(hasTls(stack)
      ? [
          server(
            [
              ...listenTls(stack, 'default_server'),
              directive('server_name', '_'),
              directive('ssl_reject_handshake', 'on'),
            ],
            [misdirected], // The right name in the handshake, another one in the request.
          ),
        ]
      : []),
  ];
}

/** The www. twin of the canonical host, on both ports, in one step to the canonical one. */
function twinServers(stack: Stack): Statement[] {
  const [canonical = '', twin] = [stack.spec.edge.hosts[0], twinOf(stack)];
  if (twin === undefined) return [];
  const scheme = hasTls(stack) ? template`https` : clientScheme(stack);
  const redirect = (target: Template) =>
    block(['location', '/'], [directive('return', 308, join(target, template`://${canonical}$request_uri`))]);
  const name = directive('server_name', twin);
  return [
    server([...listenPlain(stack), name], [acmeLocation(stack), redirect(scheme)]),
    ...(hasTls(stack) ? [server([...listenTls(stack), name], [redirect(template`https`)])] : []),
  ];
}

/** Port 80 of the world: the site itself, or the way to https. */
function plainServers(stack: Stack): Statement[] {
  const head = [...listenPlain(stack), ...names(stack), ...refuseStrangers(stack)];
  const target = template`https://$host$request_uri`;
  if (!hasTls(stack)) return [server(head, siteLocations(stack))];
  if (!redirectsSome(stack)) {
    return [server(head, [acmeLocation(stack), block(['location', '/'], [directive('return', 308, target)])])];
  }
  // `if` is safe with nothing but `return` in it.
  const guard = block(['if', template`($to_https)`], [directive('return', 308, target)]);
  return [server(head, [guard, ...siteLocations(stack)])];
}

function twinOf(stack: Stack): string | undefined {
  const [canonical, ...others] = stack.spec.edge.hosts;
  return others.find((host) => host === `www.${canonical}`);
}

function names(stack: Stack): Statement[] {
  const twin = twinOf(stack);
  const hosts = new Set(stack.spec.edge.hosts.filter((host) => host !== twin));
  return [directive('server_name', ...hosts)];
}

function listenPlain(stack: Stack, ...more: string[]): Statement[] {
  return [directive('listen', EDGE_HTTP_PORT, ...more, ...(speaksProxyProtocol(stack) ? ['proxy_protocol'] : []))];
}

function listenTls(stack: Stack, ...more: string[]): Statement[] {
  return [
    directive('listen', EDGE_HTTPS_PORT, 'ssl', ...more, ...(speaksProxyProtocol(stack) ? ['proxy_protocol'] : [])),
    directive('http2', 'on'),
  ];
}

function server(head: readonly Statement[], locations: readonly Statement[]): Statement {
  return block(['server'], [...head, ...locations]);
}
