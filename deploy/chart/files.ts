import { yamlOf } from '../../crds/yaml.ts';
import { VERSION } from '../../synth/version.ts';
import { apiManifests, GENERATED_NOTE } from '../install.ts';
import type { Labels, Manifest } from '../manifest.ts';
import { metricsManifests, serviceMonitor } from '../metrics.ts';
import { LABELS, OPERATOR, OPERATOR_NAMESPACE } from '../names.ts';
import { operatorManifests } from '../operator.ts';
import { HEAP_PERCENT, type InstallOptions } from '../options.ts';
import { clusterWideRights, namespaceRights, nodeRights } from '../rights.ts';
import { bare, optional, templatesOf } from './template.ts';
import { valuesSchema, valuesYaml } from './values.ts';

/** The Helm chart: the same objects as everywhere, with values of the chart for the options. NOTES.txt and README.md are written by hand. */

/** `$` is the chart's root, also inside of a range. */
const HELM_LABELS: Labels = {
  'helm.sh/chart': '{{ $.Chart.Name }}-{{ $.Chart.Version }}',
  'app.kubernetes.io/managed-by': '{{ $.Release.Service }}',
};

const OPTIONS: InstallOptions = {
  image:
    '{{ .Values.image.repository }}{{ with .Values.image.digest }}@{{ . }}{{ else }}:{{ .Values.image.tag }}{{ end }}',
  imagePullSecrets: optional('.Values.imagePullSecrets'),
  replicas: bare('.Values.replicas'),
  logLevel: '{{ .Values.logLevel }}',
  resources: {
    requests: { cpu: '{{ .Values.resources.requests.cpu }}', memory: '{{ .Values.resources.requests.memory }}' },
    limits: { memory: '{{ .Values.resources.limits.memory }}' },
  },
  heapMiB: `{{ div (mul ${HEAP_PERCENT} (trimSuffix \`Mi\` .Values.resources.limits.memory | int)) 100 }}`,
  nodeSelector: optional('.Values.nodeSelector'),
  tolerations: optional('.Values.tolerations'),
  watchNamespaces: optional('join `,` .Values.watchNamespaces'),
  labels: HELM_LABELS,
};

/** Helm would never upgrade what lies in crds/; as a template it is upgraded, and kept when the release goes (D13). */
function kept(manifest: Manifest): Manifest {
  const annotations = { 'helm.sh/resource-policy': 'keep' };
  return manifest.kind === 'CustomResourceDefinition'
    ? { ...manifest, metadata: { ...manifest.metadata, annotations } }
    : manifest;
}

function apiTemplates(): string {
  const plain = JSON.stringify(apiManifests());
  if (plain.includes('{{'))
    throw new Error('the custom resource or the policy has {{ in a text: Helm would read a template');
  return templatesOf(apiManifests(HELM_LABELS).map(kept));
}

function rightsTemplates(): string {
  const labels = { ...LABELS, ...HELM_LABELS };
  return [
    '{{- range .Values.watchNamespaces }}\n',
    templatesOf(namespaceRights(labels, '{{ . }}')),
    '{{- else }}\n',
    templatesOf(clusterWideRights(labels)),
    '{{- end }}\n',
    '{{- if and .Values.watchNamespaces .Values.readNodes }}\n',
    templatesOf(nodeRights(labels)),
    '{{- end }}\n',
  ].join('');
}

const metricsTemplates = (): string =>
  [
    '{{- if .Values.metrics.service }}\n',
    templatesOf(metricsManifests(HELM_LABELS)),
    '{{- if .Values.metrics.serviceMonitor }}\n',
    templatesOf([serviceMonitor(HELM_LABELS)]),
    '{{- end }}\n{{- end }}\n',
  ].join('');

/** The stacks' NetworkPolicies name the namespace of the operator. */
const NAMESPACE_CHECK = `{{- if ne .Release.Namespace "${OPERATOR_NAMESPACE}" }}
{{- fail (printf "the operator must be installed into the namespace ${OPERATOR_NAMESPACE}, not %s: the network policies of the stacks let it in from there alone; add -n ${OPERATOR_NAMESPACE} --create-namespace" .Release.Namespace) }}
{{- end }}
`;

const chart = {
  apiVersion: 'v2',
  name: OPERATOR,
  description:
    'Tunes a whole web stack from one PerformanceProfile: nginx, FastAPI under gunicorn, Next.js, PostgreSQL.',
  type: 'application',
  version: VERSION,
  appVersion: VERSION,
  kubeVersion: '>=1.33.0-0',
};

const note = (text: string) => `{{- /* ${GENERATED_NOTE.replace(/^# /, '').trimEnd()} */}}\n${text}`;

/** Files of the chart by their path in it. */
export const CHART_FILES: Readonly<Record<string, () => string>> = {
  'Chart.yaml': () => `${GENERATED_NOTE}${yamlOf(chart)}`,
  'values.yaml': () => `${GENERATED_NOTE}${valuesYaml()}`,
  'values.schema.json': valuesSchema,
  'templates/api.yaml': () => note(apiTemplates()),
  'templates/rights.yaml': () => note(rightsTemplates()),
  'templates/metrics.yaml': () => note(metricsTemplates()),
  'templates/operator.yaml': () => note(`${NAMESPACE_CHECK}${templatesOf(operatorManifests(OPTIONS))}`),
};
