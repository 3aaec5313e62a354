import {
  type Cel,
  cel,
  define,
  definitionsOf,
  either,
  type Message,
  messageText,
  raw,
  say,
} from '../charts/admission/cel.ts';
import type { Admission, Rule } from '../charts/findings.ts';
import { RULES } from '../charts/rule-book.ts';
import { GROUP, PLURAL, VERSION } from '../crds/group.ts';
import type { Labels, Manifest } from './manifest.ts';

/**
 * Findings as warnings of the API server: `kubectl apply` prints them at once, also while the operator is down. They
 * refuse nothing. What an error costs is decided by the operator, who knows the node too and what is acknowledged.
 */

/** Short, since the API server repeats both names in each warning, and cuts warnings off from 4096 letters in all. */
export const POLICY = 'pitcrew-findings';
export const BINDING = 'pitcrew-warn';

/** The policy, and the binding that makes warnings of it. */
export function admissionManifests(labels: Labels): Manifest[] {
  const api = 'admissionregistration.k8s.io/v1';
  return [
    {
      apiVersion: api,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: POLICY, labels },
      spec: {
        // A warning that cannot be told must not keep anybody from applying.
        failurePolicy: 'Ignore',
        // With all that the server would fill in: it takes this field as a whole, and without it for another one.
        matchConstraints: {
          matchPolicy: 'Equivalent',
          namespaceSelector: {},
          objectSelector: {},
          resourceRules: [
            {
              apiGroups: [GROUP],
              apiVersions: [VERSION],
              operations: ['CREATE', 'UPDATE'],
              resources: [PLURAL],
              scope: 'Namespaced',
            },
          ],
        },
        matchConditions: [
          { name: 'not-being-deleted', expression: '!has(object.metadata.deletionTimestamp)' },
          { name: 'spec-changed', expression: 'oldObject == null || object.spec != oldObject.spec' },
        ],
        ...expressionsOf(RULES),
      },
    },
    {
      apiVersion: api,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: BINDING, labels },
      spec: { policyName: POLICY, validationActions: ['Warn'] },
    },
  ];
}

const acknowledged = define('acknowledged', raw('object.spec.?policy.?acknowledge.orValue([])'));

function expressionsOf(rules: readonly Rule[]) {
  const warnings = inOrder(rules).map(({ id, warning }) => ({
    id,
    fine: cel`${id} in ${acknowledged} || !${warning.wrong}`,
    message: messageText(lineOf(id, warning)),
  }));
  const all = warnings.flatMap(({ fine, message }): Cel[] => [fine, message]);
  return {
    variables: definitionsOf(all).map(({ name, value }) => ({ name, expression: value.text })),
    validations: warnings.map(({ id, fine, message }) => ({
      expression: fine.text,
      // In case that the one with the numbers cannot be made, or is too long.
      message: `see status.findings (${id})`,
      messageExpression: message.text,
    })),
  };
}

/** What may be refused stands first: the server drops the last warnings of too many. */
function inOrder(rules: readonly Rule[]): Array<{ readonly id: string; readonly warning: Admission }> {
  const all = rules.flatMap(({ id, admission = [] }) => admission.map((warning) => ({ id, warning })));
  const isGrave = ({ warning }: (typeof all)[number]) => warning.refused !== undefined;
  return [...all.filter(isGrave), ...all.filter((one) => !isGrave(one))];
}

/** What is wrong, what to do, whether the operator will refuse it, and the rule. */
function lineOf(id: string, { says, fix, refused }: Admission): Message {
  return say`${says}; ${fix}${refusal(refused)} (${id})`;
}

function refusal(refused: Admission['refused']): Message {
  const text = say`; refused as it is`;
  if (refused === undefined) return say``;
  return refused === true ? text : either(refused, text, say``);
}
