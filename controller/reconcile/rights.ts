import type { Cluster } from '../cluster/port.ts';
import { type Kind, RESOURCES } from '../cluster/resources.ts';
import { APPLIED_KINDS } from './kinds.ts';

/**
 * Every right that the operator uses, and nothing else: the roles of an installation are made of this list, the operator
 * holds it against what it has when it starts, and a test holds it against the audit log of a stack's whole life.
 */
export interface Right {
  readonly kind: Kind;
  readonly subresource?: string | undefined;
  readonly verbs: readonly string[];
}

const WATCH = ['list', 'watch'];
/** Server-side apply needs create and patch; nothing is updated as a whole. */
const OWN = [...WATCH, 'create', 'patch', 'delete'];

/** Needed in each namespace with profiles. */
export const NAMESPACE_RIGHTS: readonly Right[] = [
  { kind: 'PerformanceProfile', verbs: WATCH },
  { kind: 'PerformanceProfile', subresource: 'status', verbs: ['patch'] },
  // Where the server checks it, whoever makes an owner wait for its children must be able to let it go.
  { kind: 'PerformanceProfile', subresource: 'finalizers', verbs: ['update'] },
  ...APPLIED_KINDS.map((kind) => ({ kind, verbs: OWN })),
  { kind: 'ControllerRevision', verbs: ['get', ...OWN] },
  // Data is made and grown, never deleted (D13).
  { kind: 'PersistentVolumeClaim', verbs: [...WATCH, 'create', 'patch'] },
  // By name only: a Secret that nobody named to us stays unseen.
  { kind: 'Secret', verbs: ['get', 'create'] },
  { kind: 'Pod', verbs: [...WATCH, 'patch'] },
  { kind: 'Event', verbs: ['list', 'create', 'patch'] },
];

/** What nodes offer. Without it assumptions stand in, and a finding says so. */
export const NODE_RIGHTS: readonly Right[] = [{ kind: 'Node', verbs: WATCH }];

/** What else the whole cluster tells. Without it the rules that would use it do not speak. */
export const CLUSTER_RIGHTS: readonly Right[] = [
  ...NODE_RIGHTS,
  { kind: 'StorageClass', verbs: ['list'] },
  // The one of DNS in kube-system.
  { kind: 'Service', verbs: ['get'] },
];

/** Rights that are missing in one namespace, or everywhere. */
interface Lack {
  readonly namespace: string | undefined;
  readonly missing: readonly string[];
}

/**
 * Asks the server whether the watch list and the rights agree. Throws when they do not, with each namespace and what is
 * missing there: half an operator, whose watches are refused for ever, would only look as if it worked.
 */
export async function checkRights(
  cluster: Pick<Cluster, 'mayI'>,
  namespaces: readonly string[] | undefined,
): Promise<void> {
  const lacks: Lack[] = [];
  // One namespace after the other, so that a long list asks no more at once than a short one.
  for (const namespace of namespaces ?? [undefined]) {
    lacks.push({ namespace, missing: await missingIn(cluster, namespace) });
  }
  const wanting = lacks.filter(({ missing }) => missing.length > 0);
  if (wanting.length > 0) throw new Error(wanting.map(sentenceOf).join('; '));
}

async function missingIn(cluster: Pick<Cluster, 'mayI'>, namespace: string | undefined): Promise<string[]> {
  const asked = NAMESPACE_RIGHTS.flatMap(({ verbs, ...what }) => verbs.map((verb) => ({ ...what, verb, namespace })));
  const answers = await Promise.all(asked.map((question) => cluster.mayI(question)));
  return asked.filter((_, index) => answers[index] !== true).map(nameOf);
}

const nameOf = ({ kind, subresource, verb }: { kind: Kind; subresource?: string | undefined; verb: string }): string =>
  `${verb} ${RESOURCES[kind].plural}${subresource === undefined ? '' : `/${subresource}`}`;

const MOST_NAMED = 5;

function sentenceOf({ namespace, missing }: Lack): string {
  const named = missing.slice(0, MOST_NAMED).join(', ');
  const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : '';
  const [where, fix] =
    namespace === undefined
      ? ['in all namespaces', 'install the ClusterRole, or name in PITCREW_NAMESPACES the namespaces with a Role']
      : [
          `in namespace ${namespace}`,
          `install Role and RoleBinding there, or take ${namespace} out of PITCREW_NAMESPACES`,
        ];
  return `the operator lacks rights ${where}: ${named}${more}; ${fix}`;
}
