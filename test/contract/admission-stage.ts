import { beforeAll } from 'vitest';
import { RULES } from '../../charts/rule-book.ts';
import { ApiError } from '../../controller/cluster/errors.ts';
import { customResourceDefinition } from '../../crds/crd.ts';
import { API_VERSION, GROUP, KIND, PLURAL, VERSION } from '../../crds/group.ts';
import type { Spec } from '../../crds/performance-profile.ts';
import { admissionManifests, BINDING, POLICY } from '../../deploy/admission.ts';
import type { Manifest } from '../../deploy/manifest.ts';
import { waitFor } from '../support/kubectl.ts';
import { seedProfile } from '../support/profiles.ts';
import { type ApiServer, useApiServer } from './api-server.ts';
import { install } from './operator-stage.ts';

/** A real API server with the policy of the findings on it, and what it warns of. */
export interface AdmissionStage {
  readonly server: ApiServer;
  /** All that it says of a new profile with this spec, however much that is. */
  readonly told: (spec: Spec) => Promise<Told[]>;
  /** Where the profiles of the namespace are, or one of them. */
  readonly pathOf: (name?: string) => string;
}

/** One warning, taken apart. */
export interface Told {
  readonly id: string;
  /** What is wrong and what to do, without the words of the server and without the id. */
  readonly text: string;
  readonly isRefused: boolean;
}

export const ADMISSION_API = '/apis/admissionregistration.k8s.io/v1';
/** Rules of which the server can tell something. */
export const WARNING_IDS = RULES.filter(({ admission }) => admission !== undefined).map(({ id }) => id);

const WARNING = new RegExp(
  `^Validation failed for ValidatingAdmissionPolicy '${POLICY}' with binding '${BINDING}': (.*) \\(([A-Z]+-[0-9]{2})\\)$`,
);
const REFUSED = '; refused as it is';
/** With more than this in one answer, the server shortens warnings and drops the last of them. */
const MOST_RUNES = 4096;

/** Warnings of an answer; others than ours, or shortened ones, are no warnings of a rule. */
export function toldBy(warnings: readonly string[]): Told[] {
  return warnings.flatMap((warning) => {
    const [, text = '', id = ''] = WARNING.exec(warning) ?? [];
    if (id === '') return [];
    return [{ id, text: text.replace(REFUSED, ''), isRefused: text.endsWith(REFUSED) }];
  });
}

/** Puts the policy of today in the place of any that is there. */
export function useAdmissionStage(): AdmissionStage {
  const server = useApiServer();
  const pathOf = (name?: string) =>
    `/apis/${GROUP}/${VERSION}/namespaces/${server.namespace}/${PLURAL}${name === undefined ? '' : `/${name}`}`;

  const warningsOf = async (spec: Spec): Promise<readonly string[]> => {
    const body = { apiVersion: API_VERSION, kind: KIND, metadata: { name: 'shop' }, spec };
    const query = { dryRun: 'All' };
    return (await server.transport.request({ method: 'POST', path: pathOf(), query, body, repeatable: true })).warnings;
  };

  beforeAll(async () => {
    const { policy: _, ...spec } = seedProfile().spec;
    await install(server, customResourceDefinition() as unknown as Manifest);
    await deleteIfThere(server, `${ADMISSION_API}/validatingadmissionpolicybindings/${BINDING}`);
    await deleteIfThere(server, `${ADMISSION_API}/validatingadmissionpolicies/${POLICY}`);
    await waitFor('the custom resource without a policy', async () => (await warningsOf(spec)).length === 0);
    for (const manifest of admissionManifests({})) await install(server, manifest);
    await waitFor('the policy', async () => (await warningsOf(spec)).length > 0);
  });

  // An acknowledged rule is silent, so too many warnings are asked for in parts.
  const told = async (spec: Spec, ids = WARNING_IDS): Promise<Told[]> => {
    const { policy: _, ...rest } = spec;
    const acknowledge = WARNING_IDS.filter((id) => !ids.includes(id));
    const policy = acknowledge.length === 0 ? {} : { policy: { acknowledge, reason: 'asked for by themselves' } };
    const warnings = await warningsOf({ ...rest, ...policy });
    if (ids.length === 1 || isAll(warnings)) return toldBy(warnings);
    const half = Math.ceil(ids.length / 2);
    return (await Promise.all([told(spec, ids.slice(0, half)), told(spec, ids.slice(half))])).flat();
  };
  return { server, told, pathOf };
}

const isAll = (warnings: readonly string[]): boolean =>
  warnings.join('').length < MOST_RUNES && toldBy(warnings).length === warnings.length;

async function deleteIfThere({ transport }: ApiServer, path: string): Promise<void> {
  try {
    await transport.request({ method: 'DELETE', path });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}
