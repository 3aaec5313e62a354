import { cel, either, say } from '../admission/cel.ts';
import { given, said, value } from '../admission/fields.ts';
import { clientSource, isExposed as isExposedCel, provider } from '../admission/values.ts';
import { CLOUDFLARE_IDLE_SECONDS, CLOUDFLARE_RANGES } from '../derivations/cloudflare.ts';
import { PRIVATE_NETWORKS } from '../derivations/edge.ts';
import type { Admission, Fix, Rule, RuleInput, Violation } from '../findings.ts';

/** Who the clients are (NG-23), and what stands between them and nginx (FUT-1). */

/** Pods of k3s, where nothing better is known of a proxy in front. */
const K3S_PODS = '10.42.0.0/16';
const MARGIN_SECONDS = 10;
const TRAEFIK_IDLE_SECONDS = 90;
const LONGEST_CDN_SECONDS = 3600;

export const EDGE_IDENTITY_RULES: readonly Rule[] = [
  {
    id: 'INV-09',
    path: 'edge.clientIdentity',
    check: (input) => believesAnybody(input) ?? sharedBucket(input),
    admission: [anybodyWarning(), bucketWarning()],
  },
  {
    id: 'FUT-01',
    path: 'edge.clientIdentity.otherPeers',
    check: (input) => {
      const { value } = input.effective;
      if (value('edge.clientIdentity.source') !== 'CFConnectingIP') return undefined;
      if (value('edge.clientIdentity.otherPeers') === 'Refuse') return undefined;
      return {
        severity: 'Error',
        message:
          'everybody who finds the address of this server reaches it past Cloudflare, without its protection and its limits',
        fixes: isExposed(input) ? [{ 'edge.clientIdentity.otherPeers': 'Refuse', ...keepAddress(input) }] : [],
        advice: 'let a firewall in front of the node admit only the ranges of Cloudflare, and acknowledge FUT-01',
      };
    },
    admission: [openWarning()],
  },
  {
    id: 'NG-30',
    path: 'edge.keepAliveSeconds',
    check: ({ effective }) => {
      const source = effective.value('edge.clientIdentity.source');
      if (source === 'Direct') return undefined;
      const idle = source === 'CFConnectingIP' ? CLOUDFLARE_IDLE_SECONDS : TRAEFIK_IDLE_SECONDS;
      const seconds = effective.value('edge.keepAliveSeconds');
      if (seconds >= idle + MARGIN_SECONDS) return undefined;
      return {
        severity: 'Warning',
        message: `nginx closes idle connections after ${seconds} s, the proxy in front uses them for ${idle} s: a POST sent in that moment is answered 502`,
        fixes: [{ 'edge.keepAliveSeconds': source === 'CFConnectingIP' ? 915 : 120 }],
      };
    },
    admission: [idleWarning()],
  },
  {
    id: 'NG-41',
    path: 'edge.cdn.sMaxAgeSeconds',
    check: ({ effective }) => {
      const kept = effective.find('edge.cdn.sMaxAgeSeconds') ?? 0;
      if (effective.value('edge.cdn.provider') === 'None' || kept <= LONGEST_CDN_SECONDS) return undefined;
      return {
        severity: 'Warning',
        message: `the CDN keeps answers for ${kept} s, and nobody tells it when they change`,
        fixes: [{ 'edge.cdn.sMaxAgeSeconds': LONGEST_CDN_SECONDS }],
      };
    },
    admission: [longWarning()],
  },
];

/** A proxy that could be anybody: whoever sends the header chooses by which address he is counted. */
function believesAnybody(input: RuleInput): Violation | undefined {
  const { effective } = input;
  const source = effective.value('edge.clientIdentity.source');
  if (source === 'Direct') return undefined;
  const trusted = effective.value('edge.clientIdentity.trustedCIDRs');
  const broad = trusted.filter(isBroad);
  if (broad.length === 0) return undefined;
  const narrow = trusted.filter((cidr) => !isBroad(cidr));
  const usual = source === 'CFConnectingIP' ? [...CLOUDFLARE_RANGES] : [K3S_PODS];
  const kept = narrow.length > 0 ? narrow : usual;
  return {
    severity: 'Error',
    message: `trustedCIDRs holds ${broad.join(', ')}: whoever comes from there is believed to be whom he says, and no limit holds him`,
    fixes: [{ 'edge.clientIdentity.trustedCIDRs': kept, ...(seesClients(input, kept) ? {} : mended(input)) }],
  };
}

/** One address for all: the whole site gets what one client may have, and the first busy one locks out the others. */
function sharedBucket(input: RuleInput): Violation | undefined {
  const { value } = input.effective;
  if (seesClients(input, value('edge.clientIdentity.trustedCIDRs'))) return undefined;
  const source = value('edge.clientIdentity.source');
  if (source === 'CFConnectingIP' && value('edge.clientIdentity.otherPeers') === 'Refuse') {
    return {
      severity: 'Error',
      message:
        'the Service hides the address of the peer, so that nobody is seen to come from Cloudflare and everybody is refused',
      fixes: [mended(input)],
    };
  }
  const rate = value('edge.rateLimit.enforcement') === 'Enforced';
  const connections = value('edge.connectionLimit.enforcement') === 'Enforced';
  if (!rate && !connections) return undefined;
  const shares = [
    ...(rate ? [`${value('edge.rateLimit.api.requestsPerSecond')} requests per second to the API`] : []),
    ...(connections ? [`${value('edge.connectionLimit.api')} at a time`] : []),
  ];
  return {
    severity: 'Warning',
    message: `nginx does not see the addresses of clients, so all of them share one bucket: the whole site gets ${shares.join(' and ')}`,
    fixes: [mended(input), { 'edge.rateLimit.enforcement': 'DryRun', 'edge.connectionLimit.enforcement': 'DryRun' }],
    advice: 'on k3s, Local keeps the address only where nothing translates it before it comes to the node',
  };
}

/** Kubernetes puts an address of its own in the place of the client's, unless the policy is Local. */
function seesClients(input: RuleInput, trusted: readonly string[]): boolean {
  const { value } = input.effective;
  const source = value('edge.clientIdentity.source');
  const keepsAddress = isExposed(input) && input.spec.edge.service?.externalTrafficPolicy === 'Local';
  if (source === 'XForwardedFor' || source === 'ProxyProtocol') return true;
  if (source === 'CFConnectingIP') {
    return keepsAddress || trusted.some((cidr) => isPrivate(cidr));
  }
  return keepsAddress && value('edge.cdn.provider') === 'None';
}

/** By what nginx would see the clients. */
function mended(input: RuleInput): Fix {
  const { value } = input.effective;
  if (!isExposed(input)) {
    return { 'edge.clientIdentity.source': 'XForwardedFor', 'edge.clientIdentity.trustedCIDRs': [K3S_PODS] };
  }
  if (value('edge.cdn.provider') === 'None' || value('edge.clientIdentity.source') !== 'Direct') {
    return keepAddress(input);
  }
  return {
    'edge.clientIdentity.source': 'CFConnectingIP',
    'edge.clientIdentity.trustedCIDRs': [...CLOUDFLARE_RANGES],
    'edge.clientIdentity.otherPeers': 'Refuse',
    ...keepAddress(input),
  };
}

/** Whether the Service is reached from outside of the cluster. */
const isExposed = ({ effective }: RuleInput): boolean => effective.value('edge.service.type') !== 'ClusterIP';

const keepAddress = (input: RuleInput): Fix =>
  input.spec.edge.service?.externalTrafficPolicy === 'Local' ? {} : { 'edge.service.externalTrafficPolicy': 'Local' };

/** Wider than any network that proxies stand in. */
function isBroad(cidr: string): boolean {
  const [address = '', length = ''] = cidr.split('/');
  return Number(length) < (address.includes(':') ? 7 : 8);
}

const isPrivate = (cidr: string): boolean =>
  PRIVATE_NETWORKS.includes(cidr) ||
  /^(?:10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd])/i.test(cidr);

/** What is derived is narrow. */
function anybodyWarning(): Admission {
  const path = 'edge.clientIdentity.trustedCIDRs';
  const isBroadCidr = cel`int(c.split('/')[1]) < (c.contains(':') ? 7 : 8)`;
  return {
    wrong: cel`${clientSource} != ${'Direct'} && ${given(path)} && ${said(path)}.exists(c, ${isBroadCidr})`,
    says: say`${path} holds ${cel`${said(path)}.filter(c, ${isBroadCidr}).join(', ')`}: whoever comes from there is believed to be whom he says`,
    refused: true,
    fix: say`name the addresses of the proxy in front`,
  };
}

/** Of clients that nginx is said to see itself. */
function bucketWarning(): Admission {
  const isLocal = cel`${value('edge.service.externalTrafficPolicy', 'Cluster')} == ${'Local'}`;
  const seesClients = cel`${isExposedCel} && ${isLocal} && ${provider} == ${'None'}`;
  const [rate, connections] = ['edge.rateLimit.enforcement', 'edge.connectionLimit.enforcement'] as const;
  const isEnforced = cel`${value(rate)} == ${'Enforced'} || ${value(connections)} == ${'Enforced'}`;
  return {
    wrong: cel`${clientSource} == ${'Direct'} && !${seesClients} && ${isEnforced}`,
    says: say`nginx does not see the addresses of clients: the whole site gets what one client may have, ${value('edge.rateLimit.api.requestsPerSecond')} requests per second to the API`,
    fix: either(
      cel`${isExposedCel} && ${provider} == ${'None'}`,
      say`set edge.service.externalTrafficPolicy to Local`,
      say`say in edge.clientIdentity who stands in front`,
    ),
  };
}

function openWarning(): Admission {
  return {
    wrong: cel`${clientSource} == ${'CFConnectingIP'} && ${value('edge.clientIdentity.otherPeers')} != ${'Refuse'}`,
    says: say`everybody who finds the address of this server reaches it past Cloudflare, without its protection and its limits`,
    refused: true,
    fix: either(
      isExposedCel,
      say`set edge.clientIdentity.otherPeers to Refuse and edge.service.externalTrafficPolicy to Local`,
      say`let a firewall admit only the ranges of Cloudflare`,
    ),
  };
}

function idleWarning(): Admission {
  const seconds = said('edge.keepAliveSeconds');
  const idle = cel`${clientSource} == ${'CFConnectingIP'} ? ${CLOUDFLARE_IDLE_SECONDS} : ${TRAEFIK_IDLE_SECONDS}`;
  return {
    wrong: cel`${clientSource} != ${'Direct'} && ${given('edge.keepAliveSeconds')} && ${seconds} < ${idle} + ${MARGIN_SECONDS}`,
    says: say`nginx closes idle connections after ${seconds} s, the proxy in front uses them for ${idle} s: a POST sent then is answered 502`,
    fix: say`remove edge.keepAliveSeconds`,
  };
}

function longWarning(): Admission {
  const kept = value('edge.cdn.sMaxAgeSeconds', value('edge.cache.api.ttlSeconds'));
  return {
    wrong: cel`${provider} != ${'None'} && ${kept} > ${LONGEST_CDN_SECONDS}`,
    says: say`the CDN keeps answers for ${kept} s, and nobody tells it when they change`,
    fix: say`set edge.cdn.sMaxAgeSeconds to ${LONGEST_CDN_SECONDS}`,
  };
}
