import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { hashOf } from '../../kit/hash.ts';
import { CONFIG_HASH, labelsOf, selectorOf } from '../../kit/labels.ts';
import { configName, tierName, uploadsName } from '../../kit/names.ts';
import { SURGE_BY_ONE } from '../../kit/pod.ts';
import { addDisruptionBudget, addNetworkPolicy, addServiceAccount, tcp, tierPeer } from '../../kit/policies.ts';
import type { Requirement } from '../../requirement.ts';
import { backendPort, postgresManaged, type Stack } from '../../stack.ts';
import { gunicornCommand, gunicornConfig } from './gunicorn.ts';
import { addMigration } from './migration.ts';
import { backendPod } from './pod.ts';

/** Adds the backend's objects; returns the hash of its configuration, which its pods carry. */
export function addBackend(chart: Chart, stack: Stack): string {
  const config = gunicornConfig(stack);
  const configHash = hashOf(config, ...gunicornCommand(stack));
  const metadata = {
    name: tierName(stack.name, 'backend'),
    namespace: stack.namespace,
    labels: labelsOf(stack.name, 'backend'),
  };
  addServiceAccount(chart, stack, 'backend');
  addDisruptionBudget(chart, stack, 'backend');
  addBackendNetwork(chart, stack);
  addUploads(chart, stack);
  new k8s.KubeConfigMap(chart, 'backend-config', {
    metadata: { ...metadata, name: configName(stack.name, 'backend'), annotations: { [CONFIG_HASH]: configHash } },
    data: { 'gunicorn.conf.py': config },
  });
  new k8s.KubeService(chart, 'backend-service', {
    metadata,
    spec: {
      type: 'ClusterIP',
      selector: selectorOf(stack.name, 'backend'),
      ports: [
        {
          name: 'http',
          port: backendPort(stack.spec),
          targetPort: k8s.IntOrString.fromString('http'),
          protocol: 'TCP',
        },
      ],
    },
  });
  addMigration(chart, stack);
  new k8s.KubeDeployment(chart, 'backend-deployment', {
    metadata,
    spec: {
      replicas: stack.value('backend.replicas'),
      revisionHistoryLimit: 3,
      minReadySeconds: 5,
      selector: { matchLabels: selectorOf(stack.name, 'backend') },
      strategy: SURGE_BY_ONE,
      template: {
        metadata: { labels: labelsOf(stack.name, 'backend'), annotations: { [CONFIG_HASH]: configHash } },
        spec: backendPod(stack),
      },
    },
  });
  return configHash;
}

/** The edge and the kubelet come in; out goes everything, since applications call payment and mail services. */
function addBackendNetwork(chart: Chart, stack: Stack): void {
  const fromEdge = { from: [tierPeer(stack, 'edge')], ports: [tcp(backendPort(stack.spec))] };
  const fromFrontend = { from: [tierPeer(stack, 'frontend')], ports: [tcp(backendPort(stack.spec))] };
  addNetworkPolicy(chart, stack, 'backend', {
    ingress: stack.spec.frontend === undefined ? [fromEdge] : [fromEdge, fromFrontend],
  });
}

/** The volume of uploads. Made once; the applier never deletes a claim (D13). */
function addUploads(chart: Chart, stack: Stack): void {
  const uploads = stack.spec.uploads;
  if (uploads === undefined) return;
  new k8s.KubePersistentVolumeClaim(chart, 'backend-uploads', {
    metadata: { name: uploadsName(stack.name), namespace: stack.namespace, labels: labelsOf(stack.name, 'backend') },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: k8s.Quantity.fromString(uploads.size) } },
      ...(uploads.storageClassName === undefined ? {} : { storageClassName: uploads.storageClassName }),
    },
  });
}

/** Secrets and ConfigMaps that the user's own variables name, and the connection of a database that is not ours. */
export function backendRequirements(stack: Stack): Requirement[] {
  const connection: Requirement[] =
    postgresManaged(stack.spec) || stack.spec.postgres.connectionSecretName === undefined
      ? []
      : [
          {
            kind: 'Secret',
            name: stack.spec.postgres.connectionSecretName,
            keys: ['username', 'password', 'host', 'port', 'dbname'],
            path: 'postgres.connectionSecretName',
          },
        ];
  return [...connection, ...environmentRequirements(stack.spec.backend.env, 'backend.env')];
}

/** What a list of variables takes from Secrets and ConfigMaps, less what is optional. */
export function environmentRequirements(env: Stack['spec']['backend']['env'], path: string): Requirement[] {
  return (env ?? []).flatMap((entry): Requirement[] => {
    const { secretKeyRef, configMapKeyRef } = entry.valueFrom ?? {};
    const reference = secretKeyRef ?? configMapKeyRef;
    if (reference === undefined || reference.optional === true) return [];
    return [
      { kind: secretKeyRef === undefined ? 'ConfigMap' : 'Secret', name: reference.name, keys: [reference.key], path },
    ];
  });
}
