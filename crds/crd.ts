import { GROUP, KIND, PLURAL, SHORT_NAME, SINGULAR, VERSION } from './group.ts';
import { NAME_RULE, specSchema } from './performance-profile.ts';
import { statusSchema } from './status.ts';
import { type JsonSchema, structuralSchema } from './structural.ts';

const condition = (type: string, field: string) => `.status.conditions[?(@.type=="${type}")].${field}`;

/** Columns of `kubectl get wperf`; priority 1 shows with -o wide. */
const COLUMNS = [
  {
    name: 'Ready',
    type: 'string',
    jsonPath: condition('Ready', 'status'),
    description: 'Whether the stack runs as the profile says.',
  },
  { name: 'Reason', type: 'string', jsonPath: condition('Ready', 'reason'), description: 'Why, in one word.' },
  { name: 'Revision', type: 'integer', jsonPath: '.status.revision', description: 'Number of the revision in force.' },
  {
    name: 'Connections',
    type: 'string',
    jsonPath: '.status.connections.summary',
    description: 'Database connections: peak during a rolling update / usable.',
  },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age of the profile.' },
  {
    name: 'Message',
    type: 'string',
    priority: 1,
    jsonPath: condition('Ready', 'message'),
    description: 'The reason, for people.',
  },
  ...['edge', 'backend', 'frontend', 'postgres'].map((tier) => ({
    name: tier.charAt(0).toUpperCase() + tier.slice(1),
    type: 'string',
    priority: 1,
    jsonPath: `.status.tiers.${tier}`,
    description: `Ready pods of ${tier}.`,
  })),
];

/** The CustomResourceDefinition, built from the zod schema alone. */
export function customResourceDefinition(): JsonSchema {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${PLURAL}.${GROUP}`,
      labels: { 'app.kubernetes.io/name': 'pitcrew', 'app.kubernetes.io/part-of': 'pitcrew' },
    },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: KIND,
        listKind: `${KIND}List`,
        plural: PLURAL,
        singular: SINGULAR,
        shortNames: [SHORT_NAME],
        categories: ['all'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: COLUMNS,
          schema: { openAPIV3Schema: rootSchema() },
        },
      ],
    },
  };
}

function rootSchema(): JsonSchema {
  return {
    type: 'object',
    description:
      'PerformanceProfile says how a web stack shall perform: nginx, FastAPI under gunicorn, Next.js and PostgreSQL. The operator derives what is left out, refuses what cannot work, applies the rest without losing a request, and proves in status that the running processes have loaded it.',
    required: ['spec'],
    'x-kubernetes-validations': [NAME_RULE],
    properties: {
      apiVersion: { type: 'string', description: 'Version of the schema of this object.' },
      kind: { type: 'string', description: 'Kind of this object.' },
      metadata: { type: 'object' },
      spec: structuralSchema(specSchema),
      status: structuralSchema(statusSchema),
    },
  };
}
