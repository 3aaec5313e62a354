import { API_VERSION, KIND } from '../../crds/group.ts';
import { IMAGES } from './stack.ts';

/** What somebody wants of a profile. */
export interface Wish {
  /** Changes a configuration that is reloaded. */
  readonly rate: number;
  /** Changes pods. */
  readonly workers: number;
  /** Changes pods, and what is migrated. */
  readonly image: number | keyof typeof IMAGES;
  readonly migrates: boolean;
  readonly frontend: boolean;
  readonly database: 'Managed' | 'External';
  readonly suspended: boolean;
  /** Does not pass the schema. */
  readonly invalid: boolean;
}

/** In the cluster from the beginning, for profiles that bring their own database. */
export const EXTERNAL_SECRET = 'database';

/** The profile as its author would apply it. */
export function profileOf(name: string, namespace: string, wish: Wish) {
  const { rate, workers, image } = wish;
  const managed = { storage: { size: '1Gi' } };
  const external = { mode: 'External', connectionSecretName: EXTERNAL_SECRET };
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, namespace },
    spec: {
      edge: {
        hosts: wish.invalid ? 'not a list' : ['shop.example'],
        rateLimit: { api: { requestsPerSecond: rate, burst: 20 } },
      },
      backend: {
        image: typeof image === 'number' ? `shop/backend:${image}` : IMAGES[image],
        workers,
        ...(wish.migrates ? { migrate: { command: ['python', 'migrate.py'] } } : {}),
      },
      ...(wish.frontend ? { frontend: { image: 'shop/frontend:1' } } : {}),
      postgres: wish.database === 'Managed' ? managed : external,
      ...(wish.suspended ? { suspend: true } : {}),
    },
  };
}
