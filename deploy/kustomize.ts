import { yamlOf } from '../crds/yaml.ts';
import { apiManifests, documentsOf, GENERATED_NOTE } from './install.ts';
import { LABELS, OPERATOR, OPERATOR_NAMESPACE } from './names.ts';
import { operatorManifests, operatorNamespace } from './operator.ts';
import { DEFAULTS } from './options.ts';
import { clusterWideRights, namespaceRights, nodeRights } from './rights.ts';

/** deploy/kustomize: a base without rights, and two overlays that give them. */

const kustomization = (fields: object): string =>
  `${GENERATED_NOTE}${yamlOf({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...fields })}`;

/** The namespace of the example overlay. */
export const EXAMPLE_NAMESPACE = 'shop';

const watching = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: OPERATOR, namespace: OPERATOR_NAMESPACE },
  spec: {
    template: {
      spec: { containers: [{ name: 'operator', env: [{ name: 'PITCREW_NAMESPACES', value: EXAMPLE_NAMESPACE }] }] },
    },
  },
};

/** Files by their path in deploy/kustomize. */
export const KUSTOMIZE_FILES: Readonly<Record<string, () => string>> = {
  'base/kustomization.yaml': () => kustomization({ resources: ['api.yaml', 'operator.yaml'] }),
  'base/api.yaml': () => documentsOf(apiManifests()),
  'base/operator.yaml': () => documentsOf([operatorNamespace(), ...operatorManifests(DEFAULTS)]),
  'cluster-wide/kustomization.yaml': () => kustomization({ resources: ['../base', 'rights.yaml'] }),
  'cluster-wide/rights.yaml': () => documentsOf(clusterWideRights(LABELS)),
  'namespaced/kustomization.yaml': () =>
    kustomization({
      resources: ['../base', 'nodes.yaml', EXAMPLE_NAMESPACE],
      patches: [{ path: 'watching.yaml' }],
    }),
  'namespaced/nodes.yaml': () => documentsOf(nodeRights(LABELS)),
  'namespaced/watching.yaml': () => documentsOf([watching]),
  'namespaced/rights/kustomization.yaml': () => kustomization({ resources: ['rights.yaml'] }),
  'namespaced/rights/rights.yaml': () => documentsOf(namespaceRights(LABELS)),
  [`namespaced/${EXAMPLE_NAMESPACE}/kustomization.yaml`]: () =>
    kustomization({ namespace: EXAMPLE_NAMESPACE, resources: ['../rights'] }),
};
