import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Service } from '../host/service.ts';
import type { Layout } from '../layout.ts';
import type { ProgramOf } from './control-plane.ts';

const namespace = 'local-path-storage';
const scripts = 'local-path-config';

/** local-path storage, a host process here; the folders are made and removed by helper pods, as on k3s. */
export function storageService(layout: Layout, programOf: ProgramOf, helperImage: string): Service {
  const configFile = join(layout.config, 'local-path.json');
  const helperFile = join(layout.config, 'local-path-helper.yaml');
  return {
    name: 'local-path-provisioner',
    program: programOf('local-path-provisioner'),
    args: [
      'start',
      `--config=${configFile}`,
      `--helper-pod-file=${helperFile}`,
      `--helper-image=${helperImage}`,
      `--kubeconfig=${join(layout.kubeconfigs, 'local-path.conf')}`,
      `--namespace=${namespace}`,
      `--configmap-name=${scripts}`,
      '--service-account-name=default',
    ],
    files: { [configFile]: storageConfig(layout), [helperFile]: helperPod(helperImage) },
    deadlineMs: 20_000,
    // It has no health address, and what can go wrong goes wrong at once.
    settleMs: 700,
    ready: () => true,
  };
}

/** The objects that the storage needs in the cluster. */
export function storageManifests(): object[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'rancher.io/local-path',
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: 'Delete',
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: scripts, namespace },
      data: {
        setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
        teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
      },
    },
  ];
}

function storageConfig(layout: Layout): string {
  return JSON.stringify({
    nodePathMap: [{ node: 'DEFAULT_PATH_FOR_NON_LISTED_NODES', paths: [layout.volumes] }],
  });
}

function helperPod(image: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'helper-pod' },
    spec: {
      terminationGracePeriodSeconds: 0,
      priorityClassName: 'system-node-critical',
      containers: [{ name: 'helper-pod', image, imagePullPolicy: 'IfNotPresent' }],
    },
  });
}
