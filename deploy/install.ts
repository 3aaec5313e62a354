import { customResourceDefinition } from '../crds/crd.ts';
import { yamlOf } from '../crds/yaml.ts';
import { admissionManifests } from './admission.ts';
import type { Labels, Manifest } from './manifest.ts';
import { metricsManifests, serviceMonitor } from './metrics.ts';
import { LABELS } from './names.ts';
import { operatorManifests, operatorNamespace } from './operator.ts';
import { DEFAULTS, type InstallOptions } from './options.ts';
import { clusterWideRights, namespaceRights, nodeRights } from './rights.ts';

/** What an installation consists of. Every channel carries these objects: install.yaml, Kustomize and the Helm chart. */

/** What may be chosen; the rest is as in DEFAULTS. */
export type InstallChoice = Partial<Omit<InstallOptions, 'watchNamespaces'>> & {
  /** Left out: all namespaces. */
  readonly namespaces?: readonly string[];
  /** Whether an operator of some namespaces may read nodes. Default: yes. */
  readonly readNodes?: boolean;
  /** What to make for those who collect metrics. Default: nothing. */
  readonly metrics?: { readonly service: boolean; readonly serviceMonitor: boolean };
};

/** The custom resource, and the warnings of `kubectl apply`. */
export function apiManifests(labels: Labels = {}): Manifest[] {
  const { metadata, ...definition } = customResourceDefinition() as unknown as Manifest;
  return [
    { ...definition, metadata: { ...metadata, labels: { ...metadata.labels, ...labels } } } as Manifest,
    ...admissionManifests({ ...LABELS, ...labels }),
  ];
}

/** All manifests in the order in which they must be applied. Pure. */
export function installManifests({
  namespaces,
  readNodes = true,
  metrics,
  ...options
}: InstallChoice = {}): Manifest[] {
  const rights =
    namespaces === undefined
      ? clusterWideRights(LABELS)
      : [
          ...namespaces.flatMap((namespace) => namespaceRights(LABELS, namespace)),
          ...(readNodes ? nodeRights(LABELS) : []),
        ];
  const watchNamespaces = namespaces?.join(',');
  return [
    operatorNamespace(),
    ...apiManifests(),
    ...rights,
    ...operatorManifests({ ...DEFAULTS, ...options, watchNamespaces }),
    ...(metrics?.service ? metricsManifests() : []),
    ...(metrics?.serviceMonitor ? [serviceMonitor()] : []),
  ];
}

/** Stands at the head of what nobody should edit. */
export const GENERATED_NOTE = '# Generated from deploy/, crds/ and controller/ by `make generate`. Do not edit.\n';

/** One file of YAML. */
export const documentsOf = (manifests: readonly Manifest[]): string =>
  `${GENERATED_NOTE}${manifests.map((manifest) => yamlOf(manifest)).join('---\n')}`;

/** deploy/install.yaml: everything in one file. Pure. */
export const renderInstall = (choice: InstallChoice = {}): string =>
  documentsOf(installManifests(choice)).replace(
    GENERATED_NOTE,
    `${GENERATED_NOTE}# kubectl apply --server-side -f install.yaml, or on k3s: copy it to /var/lib/rancher/k3s/server/manifests/pitcrew.yaml\n`,
  );
