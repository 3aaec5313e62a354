import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../../controller/cluster/port.ts';
import type { Kind } from '../../../controller/cluster/resources.ts';
import { type About, invalid, Refusal } from './refusal.ts';

/** What no kind of Kubernetes has: a test gives an object this field to have it refused. */
export const UNKNOWN_FIELD = 'notInTheSchema';

/** Strict field validation of an apply, in the server's own words (kubernetes issue 139253: a 500 without a reason). */
export function checkSchema(object: Readonly<Record<string, unknown>> & Pick<KubeObject, 'apiVersion' | 'kind'>): void {
  if (object[UNKNOWN_FIELD] === undefined) return;
  const what = `${object.apiVersion}, Kind=${object.kind}`;
  throw new Refusal(
    500,
    '',
    `failed to create typed patch object (${what}): .${UNKNOWN_FIELD}: field not declared in schema`,
  );
}

type Loose = { readonly [field: string]: unknown };
const IMMUTABLE: Partial<Record<Kind, { readonly field: string; readonly of: (object: KubeObject) => unknown }>> = {
  ControllerRevision: { field: 'data', of: ({ data }) => data },
  Job: { field: 'spec.template', of: ({ spec }) => (spec as Loose | undefined)?.template },
  Deployment: { field: 'spec.selector', of: ({ spec }) => (spec as Loose | undefined)?.selector },
};

/** What may not change once it is there. */
export function checkImmutable(kind: Kind, about: About, before: KubeObject, after: KubeObject): void {
  const rule = IMMUTABLE[kind];
  if (rule === undefined || isDeepStrictEqual(rule.of(before), rule.of(after))) return;
  throw invalid(about, rule.field, 'field is immutable');
}
