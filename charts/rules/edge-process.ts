import { bytes } from '../../crds/units.ts';
import { wholeCores } from '../derivations/arithmetic.ts';
import { neededDescriptors } from '../derivations/edge.ts';
import { edgeMemory } from '../edge-memory.ts';
import type { Fix, Rule, RuleInput, Violation } from '../findings.ts';
import { TEMPORARY_MIB } from '../tiers/edge/paths.ts';
import { speakOnce } from './concerns.ts';
import { nodeTooSmall } from './node.ts';
import { adviceWithout, working } from './trial.ts';

/** nginx as a process: memory, descriptors, connections, buffers, compression, version. */

const MOST_CONNECTIONS = 65_536;
const LEAST_CONNECTIONS = 256;
/** Bodies that may be received at the same time without filling the volume for temporary files. */
const BODIES_AT_ONCE = 4;
const MEBIBYTE = 2 ** 20;
/** What nginx has by itself: two buffers of 32 KiB. */
const OWN_OUTPUT_BYTES = 64 * 1024;

export const EDGE_PROCESS_RULES: readonly Rule[] = [
  { id: 'INV-15', path: 'edge.resources.limits.memory', check: memory },
  {
    id: 'INV-16',
    path: 'edge.rlimitNofile',
    check: ({ effective }) => {
      const limit = effective.value('edge.rlimitNofile');
      const connections = effective.value('edge.workerConnections');
      const needed = neededDescriptors(connections);
      if (limit >= needed) return undefined;
      const fitting = Math.floor((limit - neededDescriptors(0)) / 2);
      const fewer: Fix = { 'edge.workerConnections': fitting };
      return {
        severity: 'Error',
        message: `${connections} connections of a worker need up to ${needed} descriptors, ${limit} are allowed: under load, nginx fails with "too many open files"`,
        fixes: [{ 'edge.rlimitNofile': needed }, ...(fitting >= LEAST_CONNECTIONS ? [fewer] : [])],
      };
    },
  },
  { id: 'NG-32', path: 'edge.workerConnections', check: connections },
  {
    id: 'NG-33',
    path: 'edge.maxBodySize',
    check: ({ effective }) => {
      const size = effective.value('edge.maxBodySize');
      const most = TEMPORARY_MIB / BODIES_AT_ONCE;
      if (bytes(size) <= most * MEBIBYTE) return undefined;
      const isTooMuch = bytes(size) > TEMPORARY_MIB * MEBIBYTE;
      return {
        severity: isTooMuch ? 'Error' : 'Warning',
        message: `bodies of up to ${size} lie on a volume of ${TEMPORARY_MIB}Mi while they are received: ${isTooMuch ? 'a single one fills it' : `fewer than ${BODIES_AT_ONCE} at once fill it`}, and the pod is evicted`,
        fixes: [{ 'edge.maxBodySize': `${most}Mi` }],
      };
    },
  },
  {
    id: 'NG-34',
    path: 'edge.gzip.level',
    check: ({ effective }) => {
      const level = effective.value('edge.gzip.level');
      if (level <= 6) return undefined;
      return {
        severity: 'Warning',
        message: `compression level ${level} takes at least twice the CPU of level 6 for about one percent of size`,
        fixes: [{ 'edge.gzip.level': 6 }],
      };
    },
  },
  { id: 'NG-23', path: 'edge.image', check: version },
  {
    id: 'S-18',
    path: 'edge.buffers.output',
    check: ({ spec, effective }) => {
      const size = bytes(effective.value('edge.buffers.output'));
      const count = effective.value('edge.buffers.outputCount');
      const enough = Math.ceil(OWN_OUTPUT_BYTES / size);
      if (spec.edge.buffers?.output === undefined || count >= enough) return undefined;
      return {
        severity: 'Info',
        message: `${count} output buffer(s) of ${size / 1024}Ki are less than the two of 32Ki that nginx has by itself, and only what the kernel cannot send uses them: no gain`,
        fixes: enough <= 8 ? [{ 'edge.buffers.outputCount': enough }] : [{ 'edge.buffers.output': '64Ki' }],
      };
    },
  },
  {
    id: 'S-19',
    path: 'edge.upstreamKeepalive.requests',
    check: ({ effective }) => {
      const requests = effective.value('edge.upstreamKeepalive.requests');
      if (requests >= 1000 || effective.value('edge.upstreamKeepalive.connections') === 0) return undefined;
      return {
        severity: 'Info',
        message: `connections to the upstreams are closed after ${requests} requests; nginx itself has kept them for 1000 since 1.19.10`,
        fixes: [{ 'edge.upstreamKeepalive.requests': 1000 }],
      };
    },
  },
];

function memoryTooSmall(input: RuleInput): boolean {
  const need = edgeMemory(input);
  return need.neededMiB > need.usableMiB;
}

function memory(input: RuleInput): Violation | undefined {
  const need = edgeMemory(input);
  if (need.neededMiB <= need.usableMiB) return undefined;
  const onDisk = need.neededMiB - need.caches <= need.usableMiB;
  // More memory is asked of the node, too: it must have it.
  const ways = memoryFixes(need.caches > 0 && onDisk, need.neededLimitMiB);
  const fixes = working(input, ways, memoryTooSmall, [nodeTooSmall]);
  return {
    severity: 'Error',
    message:
      `with ${need.active} requests in progress the edge needs ${need.neededMiB} MiB ` +
      `(workers during a reload ${need.workers}, zones ${need.zones}, buffers ${need.buffers}, compression ${need.compression}, caches in memory ${need.caches}); ` +
      `90 % of its limit are ${need.usableMiB} MiB`,
    fixes,
    ...adviceWithout(fixes),
  };
}

function memoryFixes(diskIsEnough: boolean, limitMiB: number): Fix[] {
  const disk: Fix = { 'edge.cache.medium': 'Disk' };
  const more: Fix = { 'edge.resources.limits.memory': `${limitMiB}Mi` };
  return diskIsEnough ? [disk, more] : [more];
}

/** Workers that stand still, and connections that run out. */
function connections(input: RuleInput): Violation | undefined {
  const { spec, effective } = input;
  const workers = effective.value('edge.workerProcesses');
  const isLimited = effective.value('cpuLimitPolicy') === 'Limit';
  const limit = effective.value('edge.resources.limits.cpu');
  const cores = isLimited ? wholeCores(limit) : workers;
  const slots = effective.value('edge.workerConnections');
  const idle = effective.value('edge.upstreamKeepalive.connections') * (spec.frontend === undefined ? 1 : 2);
  const users = Math.ceil((spec.objective?.concurrentUsers ?? 0) / effective.value('edge.replicas'));
  const fewest = Math.min(workers, cores);
  const needed = Math.max(4 * idle, Math.ceil((2 * users) / fewest) + idle);
  if (needed > MOST_CONNECTIONS) {
    return {
      severity: 'Warning',
      message: `${users} users at a time need ${needed} connections of each worker, and nginx gets at most ${MOST_CONNECTIONS}`,
      fixes: [],
      advice: 'more edge.replicas, or more CPU for more workers, would carry them',
    };
  }
  const descriptors = (spec.edge.rlimitNofile ?? Number.POSITIVE_INFINITY) < neededDescriptors(needed);
  return speakOnce([
    workers > cores && {
      severity: 'Warning',
      message: `${workers} worker processes share a CPU limit of ${limit}: together they spend it early in each 100 ms and then stand still`,
      fixes: [{ 'edge.workerProcesses': cores }],
    },
    slots < needed && {
      severity: 'Warning',
      message: `${slots} connections of a worker have to hold ${users} users at two each and ${idle} idle ones to the upstreams, which should be a quarter at most`,
      fixes: [
        {
          'edge.workerConnections': needed,
          ...(descriptors ? { 'edge.rlimitNofile': neededDescriptors(needed) } : {}),
        },
      ],
    },
  ]);
}

/** Only of images whose name says that they are nginx, and as exactly as the tag is. */
function version({ effective }: RuleInput): Violation | undefined {
  const image = effective.value('edge.image');
  const match = /^(.*?(?:^|\/)nginx(?:-unprivileged)?):(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?![\d.])/.exec(image);
  if (match === null) return undefined;
  const [, name = '', major = '', minor = '', patch] = match;
  const order = Number(major) * 1e8 + Number(minor) * 1e4 + (patch === undefined ? 9999 : Number(patch));
  const isFixed = order >= 1_00_31_0003 || (order >= 1_00_30_0004 && order < 1_00_31_0000);
  if (isFixed) return undefined;
  return {
    severity: 'Error',
    message: `${image} is older than nginx 1.30.4 and 1.31.3, which fix CVE-2026-42533 and CVE-2026-60005 in maps with patterns`,
    fixes: [{ 'edge.image': `${name}:1.30` }],
  };
}
