import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImages } from '../../../images/build.ts';
import { stopCluster } from '../../cluster/cluster.ts';
import { selfSignedCertificate } from '../../support/certificate.ts';
import { prepareNode, type Stage } from '../../support/stage.ts';
import { type Block, blocksOf, type Page } from '../blocks.ts';
import { installDocker, OLD, startOldStack } from '../old-stack.ts';
import { openSession, type Session } from '../session.ts';

/**
 * A new user follows the pages from the first line to the last on an empty node: every command that they could type is
 * run as it stands there. The pages tell one story: the shop of the quick start goes, and the one from compose stays.
 */
const NAME = process.env.DOCS_CLUSTER ?? 'docs';
const root = join(import.meta.dirname, '..', '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'pitcrew-pages-'));
const bin = join(scratch, 'bin');
/** Where the pages say to stand: in the checkout, or beside the compose file. */
const checkout = join(scratch, 'pitcrew');
const compose = join(scratch, 'compose');

let stage: Stage;

function environment(): NodeJS.ProcessEnv {
  const { environment: env } = stage.kubectl;
  return { ...env, PATH: `${bin}${delimiter}${env.PATH}`, PITCREW: root, NO_COLOR: '1', LC_ALL: 'C.UTF-8' };
}

function writeTools(): void {
  mkdirSync(bin);
  const pitcrew = join(bin, 'pitcrew');
  writeFileSync(pitcrew, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'cli/main.ts')}' "$@"\n`);
  chmodSync(pitcrew, 0o755);
  installDocker(bin);
}

/** Files that are saved must not land in the checkout itself. */
function layOut(): void {
  mkdirSync(checkout);
  for (const name of ['deploy', 'examples', 'docs']) symlinkSync(join(root, name), join(checkout, name));
  cpSync(join(root, 'test', 'docs', 'compose'), compose, { recursive: true });
  mkdirSync(join(compose, 'ssl'));
  const { certificate, key } = selfSignedCertificate(['shop.example', 'www.shop.example']);
  writeFileSync(join(compose, 'ssl', 'fullchain.pem'), certificate);
  writeFileSync(join(compose, 'ssl', 'privkey.pem'), key);
}

beforeAll(async () => {
  stage = await prepareNode(NAME);
  for (const { archive, reference } of await buildImages({ names: ['postgres-17'] }))
    await stage.cluster.loadArchive(archive, reference);
  writeTools();
  layOut();
});
afterAll(async () => {
  rmSync(scratch, { recursive: true, force: true });
  await stage.kubectl.attempt('delete', 'namespace', OLD, '--ignore-not-found', '--wait=false');
  if (process.env.DOCS_KEEP === undefined) await stopCluster(NAME);
});

/** One test for each block that is typed or saved; a page that has failed is not followed any further. */
function follow(page: Page, folder: string): void {
  let session: Session | undefined;
  let failed: string | undefined;
  const typed = blocksOf(page).filter(({ use }) => use.kind === 'run' || use.kind === 'file');
  const named = typed.map((block): [string, Block] => [`${block.heading} (line ${block.line})`, block]);
  it.each(named)('%s', { timeout: 900_000 }, async (name, block) => {
    expect(failed, 'an earlier block of the page').toBeUndefined();
    session ??= openSession(folder, environment());
    failed = name;
    const started = Date.now();
    const output = await session.follow(block);
    if (process.env.DOCS_SHOW !== undefined)
      process.stderr.write(`\n--- ${name}, ${((Date.now() - started) / 1000).toFixed(1)} s\n${block.text}${output}`);
    failed = undefined;
  });
}

const psql = async (namespace: string, pod: string, login: readonly string[], sql: string): Promise<string> =>
  (await stage.kubectl.exec(namespace, pod, ['psql', '-At', ...login, '-c', sql])).trim();
const inNew = (sql: string) =>
  psql('shop', 'shop-postgres-0', ['-h', '/var/run/postgresql', '-U', 'postgres', '-d', 'app'], sql);
const inOld = (sql: string) => psql(OLD, 'db', ['-U', 'shop_app', '-d', 'shop'], sql);

/** What the migration of the new stack cannot have made by itself. */
const OWN_DATA = `update products set name = 'from the old shop' where id = 7;
  delete from order_items where order_id > 5990;
  delete from orders where id > 5990;
  create extension pg_trgm;
  create index on products using gin (name gin_trgm_ops);
  create schema reports;
  create table reports.daily as select id, total from orders;`;

describe('docs/quick-start.md', () => follow('quick-start', checkout));

describe('docs/migration.md', () => {
  beforeAll(async () => {
    await startOldStack(stage.kubectl);
    await inOld(OWN_DATA);
  });
  follow('migration', compose);

  it('has brought rows, files and owners over', async () => {
    const sum = 'select count(*), sum(total) from orders';
    expect(await inNew(sum)).toBe(await inOld(sum));
    expect(await inNew('select name from products where id = 7')).toBe('from the old shop');
    const owners = `select distinct tableowner from pg_tables where schemaname in ('public', 'reports')`;
    expect(await inNew(owners)).toBe('app');
    expect(await inNew('select count(*) from reports.daily')).toBe('5990');
    const file = ['exec', '-n', 'shop', 'deployment/shop-backend', '--', 'cat', '/app/uploads/2026/rug.jpg'];
    expect(await stage.kubectl.run(...file)).toBe('picture\n');
  });
});

describe('docs/gitops.md', () => follow('gitops', checkout));
describe('docs/troubleshooting.md', () => follow('troubleshooting', checkout));
describe('docs/security.md', () => follow('security', checkout));
describe('docs/operations.md', () => follow('operations', compose));
