/**
 * What must be known of the cluster to derive and to check (D6). Always an explicit input:
 * observed by the operator, read from a file offline. Nothing in `charts` looks anything up.
 * What is optional sharpens a finding or adds one; nothing breaks without it.
 */
export interface Facts {
  /** Version of the API server without the leading v: `1.35.4`. */
  readonly kubernetesVersion: string;
  /** What all schedulable nodes offer together, in millicores. */
  readonly allocatableCpuMillis: number;
  /** What all schedulable nodes offer together, in MiB. */
  readonly allocatableMemoryMiB: number;
  /** How many nodes that is. */
  readonly nodeCount?: number | undefined;
  /** What pods outside of this profile request of it, in millicores. */
  readonly otherCpuMillis?: number | undefined;
  /** What pods outside of this profile request of it, in MiB. */
  readonly otherMemoryMiB?: number | undefined;
  /** Provisioner of the default StorageClass: `rancher.io/local-path`. */
  readonly defaultStorageProvisioner?: string | undefined;
  /** Address of the cluster's DNS Service: `10.43.0.10`. */
  readonly clusterDnsAddress?: string | undefined;
}

/** Facts taken where none are given: the smallest server that the guide's stack fits on. */
export const DEFAULT_FACTS: Facts = {
  kubernetesVersion: '1.33.0',
  allocatableCpuMillis: 4000,
  allocatableMemoryMiB: 8192,
};
