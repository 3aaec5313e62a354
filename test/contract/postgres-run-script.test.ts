import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APP_PASSWORD, DatabasePod } from '../postgres/database-pod.ts';
import type { ImageRoot } from '../postgres/image-root.ts';
import { ask } from '../postgres/live-settings.ts';
import { imageRoots, type Major } from '../postgres/majors.ts';
import { renderDatabase } from '../postgres/rendered-database.ts';
import { waitFor } from '../support/kubectl.ts';

/** The rendered run.sh keeps the data whole whatever ends it, and whatever it finds on the volume. */
let roots: Record<Major, ImageRoot>;
const pods: DatabasePod[] = [];

beforeAll(async () => {
  roots = await imageRoots();
});
afterAll(async () => void (await Promise.all(pods.map((pod) => pod.remove()))));

describe('run.sh', () => {
  const fresh = (major: Major): DatabasePod => {
    const pod = new DatabasePod(roots[major], renderDatabase(major));
    pods.push(pod);
    return pod;
  };
  const initdbIsAtWork = (pod: DatabasePod) =>
    waitFor('initdb to be at work', async () => existsSync(join(pod.data, 'pgdata.init', 'PG_VERSION')));
  const login = { user: 'app', password: APP_PASSWORD };

  it('makes the database when it was killed in the middle of that, and survives a kill of everything later', async () => {
    const pod = fresh(18);
    pod.start();
    await initdbIsAtWork(pod);
    pod.signal('SIGKILL');
    await pod.ended();
    expect([existsSync(join(pod.data, 'pgdata.init')), existsSync(join(pod.data, 'pgdata'))]).toEqual([true, false]);

    await pod.startReady();
    await ask(pod, login, 'CREATE TABLE kept AS SELECT 42 AS answer');
    expect(existsSync(join(pod.data, 'pgdata.init'))).toBe(false);
    pod.signal('SIGKILL');
    await pod.ended();

    await pod.startReady();
    expect(pod.log).toContain('database system was not properly shut down');
    expect(await ask(pod, login, 'SELECT answer FROM kept')).toBe('42');
  });

  it('ends when the server is killed', async () => {
    const pod = fresh(18);
    await pod.startReady();
    await pod.exec(['sh', '-c', 'kill -9 $(head -n 1 /var/lib/postgresql/data/pgdata/postmaster.pid)']);
    expect(await pod.ended()).toBe(137);
    expect(pod.log).toContain('pitcrew: server ended with 137');
  });

  it('obeys SIGTERM while it makes the database', async () => {
    const pod = fresh(18);
    pod.start();
    await initdbIsAtWork(pod);
    pod.signal('SIGTERM');
    await pod.ended(15_000);
    await pod.startReady();
  });

  it('does not touch what is no database', async () => {
    const pod = fresh(18);
    mkdirSync(join(pod.data, 'pgdata'));
    pod.start();
    expect(await pod.ended()).toBe(1);
    expect(pod.log).toContain('pgdata exists but holds no database; it is not touched');
  });

  it.each([
    [15, 17],
    [17, 18],
  ] as const)('refuses the database of PostgreSQL %i with version %i, and leaves it usable', async (older, newer) => {
    const before = fresh(older);
    await before.startReady();
    before.signal('SIGTERM');
    await before.ended();
    const after = fresh(newer);
    rmSync(after.data, { recursive: true });
    renameSync(before.data, after.data);
    after.start();
    expect(await after.ended()).toBe(1);
    expect(after.log).toContain(`the database was made by PostgreSQL ${older}, the image brings ${newer}`);

    renameSync(after.data, before.data);
    await before.startReady();
    expect(await ask(before, login, 'SELECT 1')).toBe('1');
  });
});
