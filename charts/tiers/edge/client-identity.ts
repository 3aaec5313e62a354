import { block, directive, mapBlock, pattern, type Statement, type Template, template } from '../../kit/nginx.ts';
import type { Stack } from '../../stack.ts';

/** Who the client is (NG-23): its address, the key it is counted by, the scheme it speaks. Limits are only as good as this. */

/** Address of the client, IPv6 cut to the customer's prefix; empty for clients that are not counted. */
export const LIMIT_KEY = template`$lim_key`;

/** Whether a proxy in front speaks HTTP and tells us about the client in headers. */
export function behindHttpProxy(stack: Stack): boolean {
  const source = stack.value('edge.clientIdentity.source');
  return source === 'XForwardedFor' || source === 'CFConnectingIP';
}

/** Whether connections begin with a PROXY protocol header. */
export function speaksProxyProtocol(stack: Stack): boolean {
  return stack.value('edge.clientIdentity.source') === 'ProxyProtocol';
}

/** The scheme that the client used: our own, unless a trusted proxy in front ended its TLS. */
export function clientScheme(stack: Stack) {
  return behindHttpProxy(stack) ? template`$client_scheme` : template`$scheme`;
}

export function clientIdentity(stack: Stack): Statement[] {
  return [...realAddress(stack), ...limitKey(stack), ...forwardedScheme(stack), ...strangers(stack)];
}

/** In a server: refuses those who come past the proxies in front (FUT-1). `if` is safe with nothing but `return` in it. */
export function refuseStrangers(stack: Stack): Statement[] {
  return refusesStrangers(stack) ? [block(['if', template`($is_stranger)`], [directive('return', 403)])] : [];
}

const REAL_IP_HEADERS = {
  Direct: undefined,
  XForwardedFor: 'X-Forwarded-For',
  ProxyProtocol: 'proxy_protocol',
  CFConnectingIP: 'CF-Connecting-IP',
} as const;

function realAddress(stack: Stack): Statement[] {
  const header = REAL_IP_HEADERS[stack.value('edge.clientIdentity.source')];
  if (header === undefined) return [];
  return [
    ...trustedProxies(stack).map((cidr) => directive('set_real_ip_from', cidr)),
    directive('real_ip_header', header),
    directive('real_ip_recursive', 'on'),
  ];
}

function limitKey(stack: Stack): Statement[] {
  const wholeAddress = template`$binary_remote_addr`;
  const prefix = stack.value('edge.clientIdentity.ipv6PrefixLength');
  const exempt = [...new Set(stack.value('edge.rateLimit.exemptCIDRs'))];
  return [
    // The peer of the connection, not what a header says: only what runs in the pod is exempt, and port-forwards into it.
    addresses(template`$realip_remote_addr`, template`$lim_exempt`, OWN_POD),
    // The client itself, as far as the proxies in front are believed.
    ...(exempt.length === 0 ? [] : [addresses(template`$remote_addr`, template`$lim_excused`, exempt)]),
    // One customer holds a whole /64 of IPv6: 8 of the 16 bytes. Named groups only, as unnamed ones had a vulnerability.
    mapBlock(wholeAddress, template`$client_net`, [
      ['default', wholeAddress],
      ...(prefix === 64 ? ([[pattern`~(?s)^(?<v6net>.{8}).{8}$`, template`$v6net`]] as const) : []),
    ]),
    // An empty key is not counted.
    ...(exempt.length === 0
      ? [
          mapBlock(template`$lim_exempt`, LIMIT_KEY, [
            [0, template`$client_net`],
            [1, ''],
          ]),
        ]
      : [
          mapBlock(template`$lim_exempt:$lim_excused`, LIMIT_KEY, [
            ['default', ''],
            ['0:0', template`$client_net`],
          ]),
        ]),
  ];
}

/** Only the proxies that are named may say how the client came in; anybody could send the header. */
function forwardedScheme(stack: Stack): Statement[] {
  if (!behindHttpProxy(stack)) return [];
  return [
    addresses(template`$realip_remote_addr`, template`$from_proxy`, trustedProxies(stack)),
    mapBlock(template`$from_proxy:$http_x_forwarded_proto`, template`$client_scheme`, [
      ['default', template`$scheme`],
      ['1:https', 'https'],
      ['1:http', 'http'],
    ]),
  ];
}

/** Who comes past the proxies in front. Proofs of certificates may: whoever checks them comes from anywhere. */
function strangers(stack: Stack): Statement[] {
  if (!refusesStrangers(stack)) return [];
  return [
    addresses(template`$realip_remote_addr`, template`$may_enter`, [...OWN_POD, ...trustedProxies(stack)]),
    mapBlock(template`$may_enter:$uri`, template`$is_stranger`, [
      ['default', 1],
      [pattern`~^1:`, 0],
      [pattern`~^0:/\.well-known/acme-challenge/`, 0],
    ]),
  ];
}

const refusesStrangers = (stack: Stack): boolean =>
  stack.value('edge.clientIdentity.source') !== 'Direct' && stack.value('edge.clientIdentity.otherPeers') === 'Refuse';

const OWN_POD: readonly string[] = ['127.0.0.0/8', '::1/128'];

/** 1 for addresses in one of the blocks, else 0. */
function addresses(source: Template, target: Template, cidrs: readonly string[]): Statement {
  return block(['geo', source, target], [directive('default', 0), ...cidrs.map((cidr) => directive(cidr, 1))]);
}

const trustedProxies = (stack: Stack): readonly string[] => [
  ...new Set(stack.value('edge.clientIdentity.trustedCIDRs')),
];
