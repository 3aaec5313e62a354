import * as z from 'zod';
import { cidr } from '../../fields.ts';
import { knob } from '../../knob.ts';
import { reload } from './nginx.ts';

/** How much one client may ask for (NG-20 to NG-22). */

const rateZone = (rate: number, burst: number, what: string) =>
  z
    .strictObject({
      requestsPerSecond: knob(z.int().min(1).max(100_000), {
        ...reload('limit_req_zone rate'),
        description: `Requests that one client may send to ${what}, sustained.`,
        unit: 'requests per second and client',
        default: rate,
        source: 'guide, rate limiting; NG-20',
      }),
      burst: knob(z.int().min(0).max(10_000), {
        ...reload('limit_req burst'),
        description: `Requests of one client to ${what} above the rate that are still let through.`,
        unit: 'requests',
        default: burst,
        source: 'guide, rate limiting; NG-20',
      }),
      mode: knob(z.enum(['Reject', 'Delay']), {
        ...reload('limit_req nodelay'),
        description:
          'What becomes of the requests of the burst: Reject (they pass at once, and what exceeds the burst is refused) or Delay (they wait until the rate has room for them).',
        default: 'Reject',
        source: 'NG-20, S9: forty at once at 10 per second and a burst of 20 waited up to 2 seconds',
      }),
      delayAfter: knob(z.int().min(0).max(10_000), {
        ...reload('limit_req delay'),
        description: 'Requests of the burst that pass at once before the others have to wait. Only for mode Delay.',
        unit: 'requests',
        default: 0,
        source: 'NG-20',
      }),
    })
    .optional()
    .describe(`Limit for ${what}. What exceeds it is answered 429.`);

const enforcement = (directive: string, what: string) =>
  knob(z.enum(['Enforced', 'DryRun']), {
    ...reload(directive),
    description: `Whether ${what} above the limit are refused (Enforced) or only marked in the access log (DryRun), to see what a limit would do.`,
    default: 'Enforced',
    source: 'NG-20: a day in DryRun before it counts',
  });

const zone = (perMebibyte: string, source: string) =>
  knob(z.int().min(1).max(1024), {
    ...reload('zone size'),
    description: `Shared memory of each of the two zones: ${perMebibyte} clients a MiB. Derived: room for four times objective.concurrentUsers, at least 10.`,
    unit: 'MiB',
    source,
  });

export const rateLimit = z
  .strictObject({
    api: rateZone(10, 20, 'the API'),
    web: rateZone(50, 100, 'pages'),
    enforcement: enforcement('limit_req_dry_run', 'requests'),
    zoneMiB: zone('8,192', 'NG-20: 128 bytes a client'),
    exemptCIDRs: knob(z.array(cidr()).max(50), {
      ...reload('geo $remote_addr'),
      description:
        'Clients that are not limited, neither in requests nor in connections: the office, a monitor, a load generator.',
      default: [],
      source: 'NG-22',
    }),
  })
  .optional()
  .describe('How many requests one client may send. Static chunks and probes are exempt.');

const connections = (preset: number, what: string, source: string) =>
  knob(z.int().min(1).max(10_000), {
    ...reload('limit_conn'),
    description: `Requests of one client to ${what} that may be in progress at the same time (under HTTP/2 each stream counts).`,
    unit: 'requests in progress per client',
    default: preset,
    source,
  });

export const connectionLimit = z
  .strictObject({
    api: connections(20, 'the API', 'NG-21, INV-19; the guide says 10'),
    web: connections(100, 'pages', 'NG-21, S11; the guide says 20'),
    enforcement: enforcement('limit_conn_dry_run', 'requests in progress'),
    zoneMiB: zone('16,384', 'NG-21: 64 bytes a client; a full zone refuses everybody'),
  })
  .optional()
  .describe('How many requests of one client may be in progress.');
