import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Manifest } from '../../deploy/manifest.ts';
import { run } from '../cluster/host/run.ts';
import { ensureHelm, ensureKustomize } from '../cluster/programs/tools.ts';

/** What each install channel yields, by the program that its users run. */

const repository = join(import.meta.dirname, '..', '..');
export const CHART = join(repository, 'deploy', 'helm', 'pitcrew');
export const CASES = join(import.meta.dirname, 'charts');

/** Names of the cases: each is a file of values, and beside it what they yield. */
export const caseNames = (): string[] =>
  readdirSync(CASES).flatMap((name) => /^(.+)\.values\.yaml$/.exec(name)?.[1] ?? []);

export const helm = async (...args: readonly string[]): Promise<string> => run(await ensureHelm(), args);

export const helmTemplate = (...args: readonly string[]): Promise<string> =>
  helm('template', 'pitcrew', CHART, '-n', 'pitcrew-system', '--kube-version', '1.33.0', ...args);

export const kustomizeBuild = async (folder: string): Promise<string> =>
  run(await ensureKustomize(), ['build', join(repository, 'deploy', 'kustomize', folder)]);

export const objectsIn = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);

/** What only Helm says of an object: whose it is, and that it is to be kept. */
const HELM_ONLY = /^(helm\.sh\/|app\.kubernetes\.io\/managed-by$)/;

/** Objects in one order, without what Helm adds to their metadata. */
export function comparable(manifests: readonly Manifest[]): Manifest[] {
  const idOf = ({ kind, metadata: { namespace = '', name } }: Manifest) => `${kind} ${namespace} ${name}`;
  return manifests.map(withoutHelm).sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

function withoutHelm({ metadata, ...object }: Manifest): Manifest {
  const { annotations, labels, ...rest } = metadata;
  const kept = Object.fromEntries(Object.entries(labels ?? {}).filter(([name]) => !HELM_ONLY.test(name)));
  const noted = Object.fromEntries(Object.entries(annotations ?? {}).filter(([name]) => !HELM_ONLY.test(name)));
  const notes = Object.keys(noted).length === 0 ? {} : { annotations: noted };
  return JSON.parse(JSON.stringify({ ...object, metadata: { ...rest, labels: kept, ...notes } })) as Manifest;
}
