import { bytes } from '../../crds/units.ts';
import { type Cel, cel, define, raw, say } from '../admission/cel.ts';
import { given, said, value } from '../admission/fields.ts';
import { bytesOf, limitCores, limit as limitInForce } from '../admission/quantities.ts';
import { wholeCores } from '../derivations/arithmetic.ts';
import { neededDescriptors } from '../derivations/edge.ts';
import { edgeMemory } from '../edge-memory.ts';
import type { Admission, Fix, Rule, RuleInput, Verdict, Violation } from '../findings.ts';
import { TEMPORARY_MIB } from '../tiers/edge/paths.ts';
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
/** Versions as numbers, four digits for each part but the first: 1.30.4 and 1.31.3 are fixed. */
const FIXED_NGINX_STABLE = 1_0030_0004;
const MAINLINE_NGINX = 1_0031_0000;
const FIXED_NGINX = 1_0031_0003;

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
    admission: [descriptorsWarning()],
  },
  { id: 'NG-32', path: 'edge.workerConnections', check: connections, admission: [workersWarning()] },
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
    admission: [bodyWarning()],
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
    admission: [levelWarning()],
  },
  { id: 'NG-23', path: 'edge.image', check: version, admission: [versionWarning()] },
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
    admission: [outputWarning()],
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
    admission: [reuseWarning()],
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
function connections(input: RuleInput): Verdict {
  const { effective } = input;
  const workers = effective.value('edge.workerProcesses');
  const limit = effective.value('edge.resources.limits.cpu');
  const cores = effective.value('cpuLimitPolicy') === 'Limit' ? wholeCores(limit) : workers;
  return [
    workers > cores && {
      severity: 'Warning',
      path: 'edge.workerProcesses',
      message: `${workers} worker processes share a CPU limit of ${limit}: together they spend it early in each 100 ms and then stand still`,
      fixes: [{ 'edge.workerProcesses': cores }],
    },
    tooFewSlots(input, Math.min(workers, cores)),
  ];
}

/** Connections for users and for idle ones to the upstreams, of as many workers as can be busy at once. */
function tooFewSlots({ spec, effective }: RuleInput, busy: number): Violation | undefined {
  const slots = effective.value('edge.workerConnections');
  const idle = effective.value('edge.upstreamKeepalive.connections') * (spec.frontend === undefined ? 1 : 2);
  const users = Math.ceil((spec.objective?.concurrentUsers ?? 0) / effective.value('edge.replicas'));
  const needed = Math.max(4 * idle, Math.ceil((2 * users) / busy) + idle);
  if (needed > MOST_CONNECTIONS) {
    return {
      severity: 'Warning',
      message: `${users} users at a time need ${needed} connections of each worker, and nginx gets at most ${MOST_CONNECTIONS}`,
      fixes: [],
      advice: 'more edge.replicas, or more CPU for more workers, would carry them',
    };
  }
  if (slots >= needed) return undefined;
  const isShort = (spec.edge.rlimitNofile ?? Number.POSITIVE_INFINITY) < neededDescriptors(needed);
  const descriptors: Fix = isShort ? { 'edge.rlimitNofile': neededDescriptors(needed) } : {};
  return {
    severity: 'Warning',
    message: `${slots} connections of a worker have to hold ${users} users at two each and ${idle} idle ones to the upstreams, which should be a quarter at most`,
    fixes: [{ 'edge.workerConnections': needed, ...descriptors }],
  };
}

/** Only of images whose name says that they are nginx, and as exactly as the tag is. */
function version({ effective }: RuleInput): Violation | undefined {
  const image = effective.value('edge.image');
  const match = /^(.*?(?:^|\/)nginx(?:-unprivileged)?):(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?![\d.])/.exec(image);
  if (match === null) return undefined;
  const [, name = '', major = '', minor = '', patch] = match;
  const order = Number(major) * 1e8 + Number(minor) * 1e4 + (patch === undefined ? 9999 : Number(patch));
  const isFixed = order >= FIXED_NGINX || (order >= FIXED_NGINX_STABLE && order < MAINLINE_NGINX);
  if (isFixed) return undefined;
  return {
    severity: 'Error',
    message: `${image} is older than nginx 1.30.4 and 1.31.3, which fix CVE-2026-42533 and CVE-2026-60005 in maps with patterns`,
    fixes: [{ 'edge.image': `${name}:1.30` }],
  };
}

function descriptorsWarning(): Admission {
  const connections = value('edge.workerConnections');
  const needed = cel`2 * ${connections} + ${neededDescriptors(0)}`;
  const allowed = value('edge.rlimitNofile', needed);
  return {
    wrong: cel`${allowed} < ${needed}`,
    says: say`${connections} connections of a worker need up to ${needed} descriptors, ${allowed} are allowed: under load nginx fails with "too many open files"`,
    refused: true,
    fix: say`set edge.rlimitNofile to ${needed}`,
  };
}

/** With a CPU limit only: without one, the cores of the node count. */
function workersWarning(): Admission {
  const path = 'edge.workerProcesses';
  const cores = limitCores('edge');
  return {
    wrong: cel`${value('cpuLimitPolicy')} == ${'Limit'} && ${given(path)} && ${said(path)} > ${cores}`,
    says: say`${said(path)} worker processes share a CPU limit of ${limitInForce('edge', 'cpu')}: they spend it early in each 100 ms and then stand still`,
    fix: say`set ${path} to ${cores}`,
  };
}

function bodyWarning(): Admission {
  const size = value('edge.maxBodySize');
  const most = TEMPORARY_MIB / BODIES_AT_ONCE;
  return {
    wrong: cel`${bytesOf(size)} > ${most * MEBIBYTE}`,
    says: say`bodies of up to ${size} lie on a volume of ${TEMPORARY_MIB}Mi while they are received: fewer than ${BODIES_AT_ONCE} at once fill it`,
    refused: cel`${bytesOf(size)} > ${TEMPORARY_MIB * MEBIBYTE}`,
    fix: say`set edge.maxBodySize to ${most}Mi`,
  };
}

function levelWarning(): Admission {
  const level = value('edge.gzip.level');
  return {
    wrong: cel`${level} > 6`,
    says: say`compression level ${level} takes at least twice the CPU of level 6 for about one percent of size`,
    fix: say`set edge.gzip.level to 6`,
  };
}

/** As `version` reads the tag. */
function versionWarning(): Admission {
  const image = value('edge.image');
  const name = '(^|/)nginx(-unprivileged)?:[0-9]{1,4}[.][0-9]{1,4}([.][0-9]{1,4})?($|[^0-9.])';
  const tag = raw(`${cel`${image}.find(${name})`.text}.find('[0-9][0-9.]*[0-9]').split('.')`, image);
  const parts = define('nginxVersion', cel`${tag}.filter(n, n != ${''}).map(n, int(n))`);
  const patch = cel`size(${parts}) > 2 ? ${parts}[2] : 9999`;
  const order: Cel = define(
    'nginxOrder',
    cel`size(${parts}) < 2 ? ${FIXED_NGINX} : ${parts}[0] * 100000000 + ${parts}[1] * 10000 + ${patch}`,
  );
  return {
    wrong: cel`${order} < ${FIXED_NGINX_STABLE} || (${order} >= ${MAINLINE_NGINX} && ${order} < ${FIXED_NGINX})`,
    says: say`${image} is older than nginx 1.30.4 and 1.31.3, which fix CVE-2026-42533 and CVE-2026-60005 in maps with patterns`,
    refused: true,
    fix: say`take a newer edge.image, for example nginx:1.30`,
  };
}

function outputWarning(): Admission {
  const size = bytesOf(said('edge.buffers.output'));
  const count = value('edge.buffers.outputCount');
  const enough = cel`(${OWN_OUTPUT_BYTES - 1} + ${size}) / ${size}`;
  return {
    wrong: cel`${given('edge.buffers.output')} && ${count} < ${enough}`,
    says: say`${count} output buffer(s) of ${said('edge.buffers.output')} are less than the two of 32Ki that nginx has by itself: no gain`,
    fix: say`remove edge.buffers.output`,
  };
}

function reuseWarning(): Admission {
  const requests = value('edge.upstreamKeepalive.requests');
  return {
    wrong: cel`${requests} < 1000 && ${value('edge.upstreamKeepalive.connections')} != 0`,
    says: say`connections to the upstreams are closed after ${requests} requests; nginx itself keeps them for 1000`,
    fix: say`set edge.upstreamKeepalive.requests to 1000`,
  };
}
