import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { confSettings } from '../../charts/kit/postgres-conf.ts';
import { isSame } from '../../controller/reconcile/live-value.ts';
import { askServer, findingsAbout, serverWith } from '../postgres/ask-server.ts';
import { DatabasePod } from '../postgres/database-pod.ts';
import { CONF_KNOBS, changeClass, isKnownTo } from '../postgres/knob-values.ts';
import { rows } from '../postgres/live-settings.ts';
import { imageRoots, MAJORS, type Major } from '../postgres/majors.ts';
import { type KnobValues, type RenderedDatabase, renderDatabase } from '../postgres/rendered-database.ts';
import { tableValues } from '../postgres/table-values.ts';
import { arbitraryOf } from '../support/arbitrary.ts';
import { waitFor } from '../support/kubectl.ts';

/**
 * What the operator hears from real servers of three majors about the settings that they run with: nothing where a
 * profile is in force, however its values are written, and each way in which somebody else overrides one.
 */
const pods = new Map<Major, DatabasePod>();
const podOf = (major: Major): DatabasePod => {
  const pod = pods.get(major);
  if (pod === undefined) throw new Error(`the server of PostgreSQL ${major} did not come up`);
  return pod;
};

beforeAll(async () => {
  const roots = await imageRoots();
  await Promise.all(
    MAJORS.map(async (major) => {
      const pod = new DatabasePod(roots[major], renderDatabase(major));
      pods.set(major, pod);
      await pod.startReady();
    }),
  );
});
afterAll(async () => void (await Promise.all([...pods.values()].map((pod) => pod.remove()))));

/** The same with each server, all at once; what came of it, by major. */
async function withEach<T>(live: (pod: DatabasePod, major: Major) => Promise<T>): Promise<Record<Major, T>> {
  const entries = await Promise.all(MAJORS.map(async (major) => [major, await live(podOf(major), major)] as const));
  return Object.fromEntries(entries) as Record<Major, T>;
}

const all = <T>(value: T): Record<Major, T> => ({ 15: value, 17: value, 18: value });

/** Brings a configuration, and says what is found about the server that has loaded it. */
function loaded(pod: DatabasePod, rendered: RenderedDatabase): Promise<string[]> {
  pod.mount(rendered);
  return findingsAbout(pod, rendered);
}

async function restart(pod: DatabasePod): Promise<void> {
  pod.signal('SIGTERM');
  await pod.ended();
  await pod.startReady();
}

/** Parameters that cannot be compared. */
async function incomparable(pod: DatabasePod, rendered: RenderedDatabase): Promise<string[]> {
  const written = confSettings(rendered.files['postgresql.conf'] ?? '');
  const { settings } = await serverWith(pod, rendered);
  const compared = settings.filter(({ name }) => written.has(name));
  expect(compared.length).toBeGreaterThan(30);
  return compared
    .filter((each) => isSame(written.get(each.name) ?? '', each.value, each) === undefined)
    .map(({ name }) => name);
}

describe('a server is believed', () => {
  it('when nobody has changed anything', async () => {
    expect(await withEach((pod, major) => loaded(pod, renderDatabase(major)))).toEqual(all([]));
    expect(await withEach((pod, major) => incomparable(pod, renderDatabase(major)))).toEqual(all([]));
  });

  it('with any values of the knobs that are reloaded', async () => {
    const found = await withEach(async (pod, major) => {
      const reload = CONF_KNOBS.filter((placed) => isKnownTo(major, placed) && changeClass(major, placed) === 'reload');
      const values = fc.record(Object.fromEntries(reload.map(({ path, schema }) => [path, arbitraryOf(schema)])));
      const drawn = fc.sample(
        values.filter((knobs) => isTaken(major, knobs)),
        { numRuns: 6, seed: major },
      );
      const wrong: unknown[] = [];
      for (const knobs of drawn) {
        const rendered = renderDatabase(major, knobs);
        const said = [...(await loaded(pod, rendered)), ...(await incomparable(pod, rendered))];
        if (said.length > 0) wrong.push({ said, knobs });
      }
      return wrong;
    });
    expect(found).toEqual(all([]));
  });

  it('with any values of further parameters that are reloaded, however they are written', async () => {
    const found = await withEach(async (pod, major) => {
      const wrong: string[] = [];
      for (const share of [0.07, 0.71]) {
        const values = tableValues(major, 'reload', share);
        for (let from = 0; from < values.length; from += 30) {
          const rendered = renderDatabase(major, { 'postgres.extraParameters': values.slice(from, from + 30) });
          wrong.push(...rendered.findings.filter(({ id }) => id === 'INV-22').map(({ message }) => message));
          wrong.push(...(await loaded(pod, rendered)));
          // They show what the socket of the one session does.
          wrong.push(...(await incomparable(pod, rendered)).filter((name) => !name.startsWith('tcp_')));
        }
      }
      return wrong;
    });
    expect(found).toEqual(all([]));
  });

  it('with values that wait for a restart, and after it', async () => {
    const found = await withEach(async (pod, major) => {
      const extras = tableValues(major, 'restart', 0.04);
      const said: string[] = [];
      for (const part of [extras.slice(0, 12), extras.slice(12)]) {
        const rendered = renderDatabase(major, {
          'postgres.maxConnections': 61,
          'postgres.parameters.sharedBuffers': '100MB',
          'postgres.parameters.walBuffers': '100kB',
          'postgres.extraParameters': part,
        });
        said.push(...(await loaded(pod, rendered)));
        await restart(pod);
        said.push(...(await findingsAbout(pod, rendered)), ...(await askServer(pod, rendered)).pendingRestart);
      }
      return said;
    });
    expect(found).toEqual(all([]));
  });

  it('with a value that it chooses itself, in place of the one that asks for that', async () => {
    const found = await withEach(async (pod, major) => {
      if (major !== 18) return [];
      const rendered = renderDatabase(major, {
        'postgres.extraParameters': [{ name: 'io_max_concurrency', value: '-1' }],
      });
      pod.mount(rendered);
      await restart(pod);
      return findingsAbout(pod, rendered);
    });
    expect(found).toEqual(all([]));
  });
});

function isTaken(major: Major, knobs: KnobValues): boolean {
  try {
    return !renderDatabase(major, knobs).findings.some(({ severity }) => severity === 'Error');
  } catch {
    return false;
  }
}

/** Writes the file of ALTER SYSTEM, as somebody who can log in to the pod does. */
async function writeAutoConf(pod: DatabasePod, ...lines: string[]): Promise<void> {
  const file = '/var/lib/postgresql/data/pgdata/postgresql.auto.conf';
  await pod.exec(['sh', '-c', `printf '%s\\n' "$@" > ${file}`, 'sh', ...lines]);
  await rows(pod, 'SELECT pg_reload_conf()');
}

const sql = (pod: DatabasePod, ...statements: string[]): Promise<string> =>
  pod.exec(['psql', '--no-psqlrc', '--quiet', '--username=postgres', ...statements.map((each) => `--command=${each}`)]);

/** What is found as soon as it is this many. */
const found = (pod: DatabasePod, rendered: RenderedDatabase, count: number): Promise<string[]> =>
  waitFor(`${count} findings`, async () => {
    const said = await findingsAbout(pod, rendered);
    return said.length === count ? said : undefined;
  });

describe('what overrides a profile is named', () => {
  const SET = { 'postgres.parameters.workMem': '4MB', 'postgres.parameters.sharedBuffers': '128MB' };
  const rendered = (major: Major, knobs: KnobValues = {}) => renderDatabase(major, { ...SET, ...knobs });
  const RELOAD = 'run SELECT pg_reload_conf()';

  beforeAll(async () => {
    await withEach(async (pod, major) => {
      pod.mount(rendered(major));
      await restart(pod);
    });
  });

  it('ALTER SYSTEM, until it is taken back', async () => {
    const pod = podOf(15);
    await sql(pod, "ALTER SYSTEM SET work_mem = '64MB'", 'SELECT pg_reload_conf()');
    expect(await found(pod, rendered(15), 1)).toEqual([
      'PG-04 postgres.parameters.workMem: work_mem runs with 64MB instead of 4MB: postgresql.auto.conf overrides the ' +
        `profile. run ALTER SYSTEM RESET work_mem and ${RELOAD}, or set postgres.parameters.workMem to what is wanted`,
    ]);
    await sql(pod, 'ALTER SYSTEM RESET work_mem', 'SELECT pg_reload_conf()');
    await found(pod, rendered(15), 0);
  });

  it('its file, where it is switched off', async () => {
    for (const major of [17, 18] as const) {
      const pod = podOf(major);
      await expect(sql(pod, 'ALTER SYSTEM SET fsync = off')).rejects.toThrow(/ALTER SYSTEM is not allowed/);
      await writeAutoConf(pod, 'fsync = off', "work_mem = '4096kB'");
      expect(await found(pod, rendered(major), 1)).toEqual([
        'PG-04 postgres: fsync runs with off instead of on: postgresql.auto.conf overrides the profile. delete the line ' +
          `of fsync from /var/lib/postgresql/data/pgdata/postgresql.auto.conf and ${RELOAD}`,
      ]);
      await writeAutoConf(pod);
      await found(pod, rendered(major), 0);
    }
  });

  it('what waits in it for a restart, and what has got through with one', async () => {
    const path = 'postgres.parameters.sharedBuffers';
    const said = await withEach(async (pod, major) => {
      await writeAutoConf(pod, "shared_buffers = '64MB'");
      const waiting = await found(pod, rendered(major), 1);
      await restart(pod);
      const through = await findingsAbout(pod, rendered(major));
      await writeAutoConf(pod);
      await restart(pod);
      return [...waiting, ...through, ...(await findingsAbout(pod, rendered(major)))];
    });
    for (const major of MAJORS) {
      expect(said[major]).toEqual([
        expect.stringContaining(
          `${path}: shared_buffers runs with 128MB as the profile says, and a file of the server`,
        ),
        expect.stringContaining(`${path}: shared_buffers runs with 64MB instead of 128MB: postgresql.auto.conf`),
      ]);
      expect(said[major][0]).toContain(RELOAD);
      expect(said[major][1]).toContain('restart the database');
    }
  });

  it('what sessions of the application begin with', async () => {
    const said = await withEach(async (pod, major) => {
      await sql(
        pod,
        "ALTER ROLE ALL SET jit = 'on'",
        "ALTER DATABASE app SET work_mem = '8MB'",
        "ALTER ROLE app SET random_page_cost = '3'",
        "ALTER ROLE app SET search_path = 'nothing', 'of', 'ours'",
        'ALTER ROLE app IN DATABASE app SET statement_timeout = 0',
        // Nobody's business: the same value, another database, another role.
        "ALTER ROLE app IN DATABASE app SET work_mem = '4096kB'",
        "ALTER DATABASE postgres SET work_mem = '9MB'",
        "ALTER ROLE pitcrew_monitor SET work_mem = '9MB'",
      );
      const overridden = await found(pod, rendered(major), 4);
      await sql(
        pod,
        'ALTER ROLE ALL RESET jit',
        'ALTER DATABASE app RESET work_mem',
        'ALTER ROLE app RESET random_page_cost',
        'ALTER ROLE app IN DATABASE app RESET ALL',
        'ALTER DATABASE postgres RESET work_mem',
        'ALTER ROLE pitcrew_monitor RESET work_mem',
      );
      return [...overridden, ...(await findingsAbout(pod, rendered(major)))];
    });
    const begin = 'sessions of the application begin with';
    expect(said).toEqual(
      all([
        expect.stringMatching(`^PG-04 postgres: ${begin} jit = on instead of off: ALTER ROLE ALL SET .* RESET jit`),
        expect.stringContaining(
          `postgres.parameters.randomPageCost: ${begin} random_page_cost = 3 instead of 1.1: ALTER ROLE app SET`,
        ),
        expect.stringContaining(
          `postgres.statementTimeoutSeconds: ${begin} statement_timeout = 0 instead of 30s: ALTER ROLE app IN DATABASE app SET`,
        ),
        expect.stringContaining(
          `postgres.parameters.workMem: ${begin} work_mem = 8MB instead of 4MB: ALTER DATABASE app SET`,
        ),
      ]),
    );
  });

  it('the command line', async () => {
    const pod = podOf(17);
    const { files, ...rest } = rendered(17);
    const script = (files['run.sh'] ?? '').replace('-c config_file=', '-c work_mem=9MB -c config_file=');
    pod.mount({ ...rest, files: { ...files, 'run.sh': script } });
    await restart(pod);
    expect(await findingsAbout(pod, rendered(17))).toEqual([
      'PG-04 postgres.parameters.workMem: work_mem runs with 9MB instead of 4MB: its command line overrides the profile. ' +
        'take work_mem off the command line that starts the server',
    ]);
    pod.mount(rendered(17));
    await restart(pod);
    expect(await findingsAbout(pod, rendered(17))).toEqual([]);
  });

  it('a value of an extension that this server does not take, with its bounds', async () => {
    const extras = (max: string, track: string) => ({
      'postgres.extraParameters': [
        { name: 'shared_preload_libraries', value: 'pg_stat_statements' },
        { name: 'pg_stat_statements.max', value: max },
        { name: 'pg_stat_statements.track', value: track },
        { name: 'auto_explain.log_min_duration', value: '1s' }, // Not loaded: nothing is known of it.
      ],
    });
    const said = await withEach(async (pod, major) => {
      const wrong = rendered(major, extras('50', 'everything'));
      pod.mount(wrong);
      await restart(pod);
      const refused = await findingsAbout(pod, wrong);
      const right = rendered(major, extras('500', 'all'));
      pod.mount(right);
      await restart(pod);
      return [...refused, ...(await findingsAbout(pod, right))];
    });
    const where = 'INV-22 postgres.extraParameters: pg_stat_statements';
    expect(said).toEqual(
      all([
        expect.stringMatching(`^${where}.max runs with 5000 instead of 50, .* must be from 100 to [0-9]+. set`),
        expect.stringMatching(
          `^${where}.track runs with top instead of everything, .* must be one of none, top, all. set`,
        ),
      ]),
    );
  });

  it('another version than the image tells', async () => {
    const pod = podOf(17);
    const latest = rendered(17, { 'postgres.image': 'postgres:latest' });
    expect(await loaded(pod, latest)).toEqual([
      'PG-00 postgres.image: the tag of postgres:latest does not tell its version: PostgreSQL 18 was assumed, and what ' +
        'runs is 17. give postgres.image a tag that begins with 17: then the profile is checked against what runs',
    ]);
    const [said] = await loaded(pod, rendered(17, { 'postgres.image': 'registry.example/postgres:16-custom' }));
    expect(said).toContain('tells PostgreSQL 16, and what runs is 17: what depends on the version was rendered');
    expect(await loaded(pod, rendered(17))).toEqual([]);
  });
});

describe('the monitoring role', () => {
  it('may read settings, also those that not everybody sees, and nothing else', async () => {
    const seen = await withEach(async (pod, major) => {
      pod.mount(renderDatabase(major));
      const { settings } = await serverWith(pod, renderDatabase(major));
      return settings.filter(({ name }) => name === 'hba_file').map(({ file }) => file);
    });
    expect(seen).toEqual(all(['']));
  });
});
