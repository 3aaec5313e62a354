import { defineConfig } from 'vitest/config';

/** Real servers without a cluster: PostgreSQL, gunicorn, promtool. They run beside those that need an API server. */
const SERVERS = 'test/contract/{postgres-*,live-settings,migration-login,inject,database-url,alert-rules}.test.ts';

/** Files that start an API server of their own: they run beside those that share one. */
const APART = ['test/contract/{election,release,rights,restart}.test.ts', 'test/e2e/cluster-lifecycle.test.ts'];

/** Pure tests run in parallel; files that share a cluster run one after the other. On a new machine a hook builds Kubernetes. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{crds,charts,synth,importer,controller,cli,deploy,images,release}/**/*.test.ts',
            'test/{invariants,architecture,support,cluster,measure}/**/*.test.ts',
          ],
        },
      },
      { test: { name: 'golden', include: ['test/{golden,import}/**/*.test.ts', 'test/docs/*.test.ts'] } },
      { test: { name: 'sim', include: ['test/sim/**/*.test.ts'], testTimeout: 600_000 } },
      {
        test: {
          name: 'api',
          include: ['test/contract/**/*.test.ts'],
          exclude: [SERVERS, ...APART],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 1_800_000,
        },
      },
      {
        test: {
          name: 'apart',
          include: APART,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 1_800_000,
        },
      },
      {
        test: {
          name: 'servers',
          include: [SERVERS],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 1_800_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: APART,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 1_800_000,
        },
      },
      {
        test: {
          // Long, so not part of `make test`: `make stories`.
          name: 'stories',
          include: ['test/docs/cluster/**/*.test.ts', 'test/monitoring/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 1_800_000,
        },
      },
      {
        test: {
          // Not part of `make test`: `make chaos` takes every write and every wait in its real length; without CHAOS_FULL a sample.
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
        },
      },
      {
        test: {
          name: 'argocd',
          include: ['test/argocd/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 1_800_000,
        },
      },
    ],
  },
});
