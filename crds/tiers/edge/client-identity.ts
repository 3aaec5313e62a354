import * as z from 'zod';
import { cidr, withCel } from '../../fields.ts';
import { knob } from '../../knob.ts';
import { reload } from './nginx.ts';

/** Who the client is, and what stands between it and nginx (NG-23, FUT-1). */

const NEEDS_PROXIES = ['XForwardedFor', 'ProxyProtocol'];

export const clientIdentity = withCel(
  z.strictObject({
    source: knob(z.enum(['Direct', 'XForwardedFor', 'ProxyProtocol', 'CFConnectingIP']), {
      ...reload('real_ip_header'),
      description:
        'Where the address of the client is found: Direct (the TCP peer), XForwardedFor (a proxy such as Traefik in front), ProxyProtocol, or CFConnectingIP (Cloudflare). Derived: XForwardedFor behind edge.ingress, CFConnectingIP behind the CDN of that name.',
      default: 'Direct',
      source: 'NG-23, INV-09',
    }),
    trustedCIDRs: knob(z.array(cidr()).max(100), {
      ...reload('set_real_ip_from'),
      description:
        'Addresses of the proxies in front whose word about the client is believed. Derived: the published ranges of Cloudflare, and the private networks where only pods can reach nginx (edge.ingress).',
      default: [],
      source: 'NG-23, INV-09',
    }),
    otherPeers: knob(z.enum(['Serve', 'Refuse']), {
      ...reload('geo $realip_remote_addr'),
      description:
        'What becomes of requests that come past the proxies of trustedCIDRs: Serve (their own claims about the client are not believed) or Refuse (403). Proofs of certificates are always served.',
      default: 'Serve',
      source: 'FUT-1: the origin is locked to its CDN',
    }),
    ipv6PrefixLength: knob(z.union([z.literal(64), z.literal(128)]), {
      ...reload('map $binary_remote_addr'),
      description: 'IPv6 clients are counted by this prefix: 64 (one customer) or 128 (one address).',
      unit: 'bits',
      default: 64,
      source: 'NG-23: one customer holds a whole /64',
    }),
  }),
  {
    rule: "!has(self.source) || !(self.source in ['XForwardedFor', 'ProxyProtocol']) || (has(self.trustedCIDRs) && size(self.trustedCIDRs) > 0)",
    message: 'source XForwardedFor or ProxyProtocol needs trustedCIDRs: name the addresses of the proxy in front',
  },
  (identity) => !NEEDS_PROXIES.includes(identity.source ?? '') || (identity.trustedCIDRs?.length ?? 0) > 0,
)
  .optional()
  .describe('How nginx knows one client from another. Limits are only as good as this.');

export const cdn = z
  .strictObject({
    provider: knob(z.enum(['None', 'Cloudflare']), {
      ...reload('add_header Cloudflare-CDN-Cache-Control'),
      description:
        'CDN in front of the edge. With one, it is told what it may keep: public API answers for sMaxAgeSeconds, nothing else of the API; a cache rule in the CDN still has to make the API eligible.',
      default: 'None',
      source: 'FUT-1',
    }),
    sMaxAgeSeconds: knob(z.int().min(1).max(86_400), {
      ...reload('Cloudflare-CDN-Cache-Control max-age'),
      description: 'How long the CDN may keep a public API answer. Derived: as long as nginx keeps it.',
      unit: 'seconds',
      source: 'FUT-1',
    }),
    staleWhileRevalidateSeconds: knob(z.int().min(0).max(86_400), {
      ...reload('Cloudflare-CDN-Cache-Control stale-while-revalidate'),
      description: 'How long the CDN may go on serving an answer while it fetches a new one.',
      unit: 'seconds',
      default: 60,
      source: 'FUT-1',
    }),
  })
  .optional()
  .describe('A CDN in front of the edge.');
