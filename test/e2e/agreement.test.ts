import { beforeAll, describe, expect, it } from 'vitest';
import { askForObjects, disagreements, mutatedProfiles } from '../fuzz/api-server.ts';
import { renderMany } from '../fuzz/rendered.ts';
import { askGunicorn, askNginx, askPostgres } from '../fuzz/servers.ts';
import { e2eStage } from '../support/e2e-stage.ts';
import type { Stage } from '../support/stage.ts';

/** Real servers agree with what is rendered, for random valid profiles; and on which profiles are invalid. `make fuzz` asks for more. */
const COUNT = Number(process.env.FUZZ_COUNT ?? 500);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_124);
const LONG = 3_600_000;

let stage: Stage;
const rendered = renderMany(COUNT, SEED);

beforeAll(async () => {
  stage = await e2eStage();
  await stage.kubectl.pipe(
    JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }),
    'apply',
    '-f',
    '-',
  );
});

describe(`${COUNT} random profiles (seed ${SEED})`, () => {
  it('nginx takes every nginx.conf', async () => expect(await askNginx(stage.kubectl, rendered)).toEqual({}), LONG);
  it(
    'gunicorn takes every command line and file',
    async () => expect(await askGunicorn(stage.kubectl, rendered)).toEqual({}),
    LONG,
  );
  it(
    'PostgreSQL takes every postgresql.conf',
    async () => expect(await askPostgres(stage.kubectl, rendered)).toEqual({}),
    LONG,
  );
  it(
    'the API server takes every object, strictly',
    async () => expect(await askForObjects(stage.cluster.kubeconfig, rendered)).toEqual([]),
    LONG,
  );
  it(
    'the API server refuses the same profiles as our parser',
    async () => {
      expect(await disagreements(stage.cluster.kubeconfig, mutatedProfiles(COUNT, SEED))).toEqual([]);
    },
    LONG,
  );
});
