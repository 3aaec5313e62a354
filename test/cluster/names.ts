import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The cluster that is meant when no name is given. */
export const defaultName = 'pitcrew';

/** Where the states of clusters live unless `PITCREW_STATE` says otherwise. */
export const defaultStateRoot = '/var/lib/pitcrew/clusters';

/** The kernel allows 107 bytes for a socket's path; this much of it the programs need below a cluster's folder. */
const longestStateDir = 64;

/** Everything of a cluster that has a name outside its folder. */
export interface ClusterNames {
  name: string;
  stateDir: string;
  /** Network namespace and cgroup of the cluster. */
  id: string;
  hostLink: string;
  nodeLink: string;
}

/** Derives the names of a cluster; throws with a hint when the name cannot be one. */
export function clusterNames(name: string, env: NodeJS.ProcessEnv = process.env): ClusterNames {
  if (!/^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$/.test(name)) {
    throw new Error(
      `"${name}" cannot name a cluster: use 1 to 24 of a-z, 0-9 and "-", a letter first and no "-" at the end`,
    );
  }
  const root = stateRoot(env);
  const stateDir = join(root, name);
  if (stateDir.length > longestStateDir) {
    throw new Error(`${stateDir} is too long for sockets below it: keep PITCREW_STATE and the name shorter`);
  }
  const id = clusterId(name, root);
  const hash = digest(id).slice(0, 10);
  return { name, stateDir, id, hostLink: `pc${hash}h`, nodeLink: `pc${hash}n` };
}

/** The folder that holds the states of all clusters. */
export function stateRoot(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.PITCREW_STATE || defaultStateRoot);
}

/** The folder of built programs and images. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env.PITCREW_CACHE) return resolve(env.PITCREW_CACHE);
  return join(resolve(env.XDG_CACHE_HOME || join(homedir(), '.cache')), 'pitcrew');
}

/** Clusters of the same name under two state roots must not meet in the kernel's global names. */
function clusterId(name: string, root: string): string {
  const base = name === defaultName ? 'pitcrew' : `pitcrew-${name}`;
  return root === defaultStateRoot ? base : `${base}.${digest(root).slice(0, 6)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
