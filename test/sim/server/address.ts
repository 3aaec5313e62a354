import { type Kind, RESOURCES } from '../../../controller/cluster/resources.ts';

/** What a path addresses. */
export interface Address {
  readonly kind: Kind;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const KINDS = new Map(Object.entries(RESOURCES).map(([kind, { plural }]) => [plural, kind as Kind]));
const PATH = /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/;

/** Undefined: no kind that we know. */
export function addressOf(path: string): Address | undefined {
  const [, namespace, plural = '', name, subresource] = PATH.exec(path) ?? [];
  const kind = KINDS.get(plural);
  return kind === undefined ? undefined : { kind, plural, namespace, name, subresource };
}
