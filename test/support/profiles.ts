import { parse } from 'yaml';
import type { Spec } from '../../crds/performance-profile.ts';
import type { Kubectl } from './kubectl.ts';
import { readRepositoryFile } from './stage.ts';

/** Profiles to play with. */
export interface ProfileManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Spec;
}

/** The guide, literally, as a user applies it. */
export function seedProfile(): ProfileManifest {
  return parse(readRepositoryFile('examples/bahamm-seed.yaml')) as ProfileManifest;
}

/** The same stack without certificate, in a size of which several fit on a node of two cores. */
export function smallProfile(name: string, namespace: string): ProfileManifest {
  const tiny = { requests: { cpu: '20m', memory: '64Mi' }, limits: { cpu: '1000m', memory: '512Mi' } };
  return {
    apiVersion: 'performance.bahamm.ir/v1alpha1',
    kind: 'PerformanceProfile',
    metadata: { name, namespace },
    spec: {
      edge: {
        hosts: [`${name}.example`],
        service: { type: 'NodePort' },
        cache: { api: { paths: ['/api/products'] } },
        resources: tiny,
      },
      backend: {
        image: 'localhost/bahamm-backend:2.0',
        migrate: { command: ['python', 'seed_db.py'] },
        writablePaths: ['/app/logs', '/app/uploads'],
        workers: 1,
        resources: tiny,
      },
      frontend: { image: 'localhost/bahamm-frontend:2.0', resources: tiny },
      postgres: { storage: { size: '1Gi' }, resources: tiny },
    },
  };
}

/** Applies as `kubectl apply` does; throws with the server's refusal. */
export async function applyProfile(kubectl: Kubectl, profile: ProfileManifest): Promise<void> {
  await kubectl.pipe(JSON.stringify(profile), 'apply', '-f', '-');
}

/** Changes part of a spec by merge patch: null removes a field. */
export async function patchSpec(
  kubectl: Kubectl,
  at: { namespace: string; name: string },
  spec: object,
): Promise<void> {
  await kubectl.run('patch', 'wperf', at.name, '-n', at.namespace, '--type=merge', '-p', JSON.stringify({ spec }));
}
