import { mebibytes } from '../../crds/units.ts';
import { cel, either, greatest, say } from '../admission/cel.ts';
import { given, value } from '../admission/fields.ts';
import { limitMiB } from '../admission/quantities.ts';
import type { Admission, Fix, Rule, RuleInput } from '../findings.ts';
import { nodeTooSmall } from './node.ts';
import { adviceWithout, working } from './trial.ts';

/** The memory of Next.js: the heap, and what lives outside of it. */

/** What Node needs besides the heap, at least; and what Next.js with its image optimizer should have. */
const OUTSIDE_HEAP_MIB = 128;
const IMAGES_MIB = 256;
const LEAST_HEAP_MIB = 128;

const room = ({ effective }: RuleInput): number =>
  mebibytes(effective.value('frontend.resources.limits.memory')) - effective.value('frontend.maxOldSpaceMiB');

const heapThatFits = (limit: number): number =>
  Math.max(LEAST_HEAP_MIB, limit - Math.max(IMAGES_MIB, Math.ceil(limit / 4)));

export const FRONTEND_RULES: readonly Rule[] = [
  {
    id: 'INV-21',
    path: 'frontend.maxOldSpaceMiB',
    check: (input) => {
      if (input.spec.frontend === undefined || room(input) >= OUTSIDE_HEAP_MIB) return undefined;
      const heap = input.effective.value('frontend.maxOldSpaceMiB');
      const limit = mebibytes(input.effective.value('frontend.resources.limits.memory'));
      const ways: Fix[] = [
        { 'frontend.maxOldSpaceMiB': heapThatFits(limit) },
        { 'frontend.resources.limits.memory': `${Math.max(heap + OUTSIDE_HEAP_MIB, Math.ceil((heap * 4) / 3))}Mi` },
      ];
      const fixes = working(input, ways, (after) => room(after) < OUTSIDE_HEAP_MIB, [nodeTooSmall]);
      return {
        severity: 'Error',
        message: `a heap of ${heap} MiB and at least ${OUTSIDE_HEAP_MIB} MiB outside of it do not fit into the limit of ${limit}Mi: the kernel kills the server before it collects garbage`,
        fixes,
        ...adviceWithout(fixes),
      };
    },
    admission: [heapWarning()],
  },
  {
    id: 'RES-07',
    path: 'frontend.maxOldSpaceMiB',
    check: (input) => {
      const heap = input.spec.frontend?.maxOldSpaceMiB;
      if (heap === undefined || room(input) < OUTSIDE_HEAP_MIB) return undefined;
      const limit = mebibytes(input.effective.value('frontend.resources.limits.memory'));
      const good = heapThatFits(limit);
      if (heap <= good) return undefined;
      return {
        severity: 'Warning',
        message: `a heap of ${heap} MiB leaves ${limit - heap} MiB of ${limit}Mi to what is outside of it; pictures are scaled there`,
        fixes: [{ 'frontend.maxOldSpaceMiB': good }],
      };
    },
    admission: [picturesWarning()],
  },
  {
    id: 'FE-01',
    path: 'frontend.replicas',
    check: ({ spec, effective }) => {
      if (spec.frontend === undefined || effective.value('frontend.replicas') === 1) return undefined;
      return {
        severity: 'Info',
        message: `${effective.value('frontend.replicas')} frontend pods keep a cache of pages and pictures each, and a revalidation reaches only one of them`,
        fixes: [{ 'frontend.replicas': 1 }],
        advice: 'build the image with a shared cacheHandler, one deploymentId and NEXT_SERVER_ACTIONS_ENCRYPTION_KEY',
      };
    },
  },
];

/** Derived, the heap is the least where the limit has no room for more. */
function heapValues() {
  const heap = value('frontend.maxOldSpaceMiB', LEAST_HEAP_MIB);
  const limit = limitMiB('frontend');
  const outside = greatest(cel`(${limit} + 3) / 4`, IMAGES_MIB);
  return { heap, limit, left: cel`${limit} - ${heap}`, fitting: greatest(cel`${limit} - ${outside}`, LEAST_HEAP_MIB) };
}

function heapWarning(): Admission {
  const { heap, limit, left, fitting } = heapValues();
  return {
    wrong: cel`${left} < ${OUTSIDE_HEAP_MIB}`,
    says: say`a heap of ${heap} MiB and at least ${OUTSIDE_HEAP_MIB} MiB outside of it do not fit into the limit of ${limit}Mi: the kernel kills the server`,
    refused: true,
    fix: either(
      cel`${limit} - ${fitting} >= ${OUTSIDE_HEAP_MIB}`,
      say`set frontend.maxOldSpaceMiB to ${fitting}`,
      say`set frontend.resources.limits.memory to ${greatest(cel`${heap} + ${OUTSIDE_HEAP_MIB}`, cel`(${heap} * 4 + 2) / 3`)}Mi`,
    ),
  };
}

function picturesWarning(): Admission {
  const { heap, limit, left, fitting } = heapValues();
  const isRoomy = cel`${given('frontend.maxOldSpaceMiB')} && ${left} >= ${OUTSIDE_HEAP_MIB}`;
  return {
    wrong: cel`${isRoomy} && ${heap} > ${fitting}`,
    says: say`a heap of ${heap} MiB leaves ${left} MiB of ${limit}Mi to what is outside of it; pictures are scaled there`,
    fix: say`set frontend.maxOldSpaceMiB to ${fitting}`,
  };
}
