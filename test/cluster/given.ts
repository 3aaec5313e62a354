import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { run } from './host/run.ts';
import { findProgram } from './programs/packages.ts';

/** A cluster that somebody else runs. */
export interface GivenCluster {
  kubeconfig: string;
  isK3s: boolean;
}

const k3sKubeconfig = '/etc/rancher/k3s/k3s.yaml';

/** The cluster to use instead of one of our own: that of `PITCREW_KUBECONFIG`, else an installed k3s. */
export function givenCluster(env: NodeJS.ProcessEnv = process.env): GivenCluster | undefined {
  const named = env.PITCREW_KUBECONFIG;
  if (named) {
    if (!existsSync(named)) throw new Error(`PITCREW_KUBECONFIG names ${named}, and there is no such file`);
    return { kubeconfig: named, isK3s: false };
  }
  const isK3s = findProgram('k3s') !== undefined && existsSync(k3sKubeconfig);
  return isK3s ? { kubeconfig: k3sKubeconfig, isK3s } : undefined;
}

/** The folder of the kubectl to use with a given cluster. */
export function givenBinDir(): string {
  const kubectl = findProgram('kubectl');
  if (kubectl === undefined) throw new Error('kubectl is needed beside a given cluster, and is not on the search path');
  return dirname(kubectl);
}

/** An address of the first node of a given cluster. */
export async function givenNodeAddress({ kubeconfig }: GivenCluster): Promise<string> {
  const path = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}';
  const output = await run(`${givenBinDir()}/kubectl`, [
    '--kubeconfig',
    kubeconfig,
    'get',
    'nodes',
    '-o',
    `jsonpath=${path}`,
  ]);
  const [address] = output.trim().split(/\s+/);
  if (!address) throw new Error(`no node of ${kubeconfig} has an internal address`);
  return address;
}
