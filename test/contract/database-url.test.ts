import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_URL } from '../../charts/tiers/backend/database-url.ts';
import { brokenParts } from '../../controller/reconcile/url-parts.ts';
import { pythonPrograms } from '../support/python.ts';

/** What the real drivers make of the URL that Kubernetes puts together, character by character. */
const run = promisify(execFile);
let bin = '';

beforeAll(async () => {
  bin = await pythonPrograms();
});

/** Reads lines of JSON, each a URL and its parts; prints of which the drivers do not all read the same parts. */
const READ = `
import inspect, json, sys
from asyncpg import connect_utils
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

def by_psycopg(url):
    read = conninfo_to_dict(url)
    return read["user"], read["password"], read["host"], str(read["port"]), read["dbname"]

def by_sqlalchemy(url):
    read = make_url(url)
    return read.username, read.password, read.host, str(read.port), read.database

def by_asyncpg(url):
    parse = connect_utils._parse_connect_dsn_and_args
    names = inspect.signature(parse).parameters
    ((host, port),), read = parse(**{name: url if name == "dsn" else None for name in names})[:2]
    return read.user, read.password, host, str(port), read.database

def reads(driver, url, parts):
    try:
        return driver(url) == tuple(parts)
    except Exception:
        return False

drivers = (by_psycopg, by_sqlalchemy, by_asyncpg)
for line in sys.stdin:
    case = json.loads(line)
    print(json.dumps(all(reads(driver, case["url"], case["parts"]) for driver in drivers)))
`;

interface Parts {
  readonly username: string;
  readonly password: string;
  readonly dbname: string;
}
const PLAIN: Parts = { username: 'app', password: 'secret', dbname: 'app' };

/** Whether all drivers read what was meant, by case. */
async function readByAll(cases: readonly Parts[]): Promise<boolean[]> {
  const lines = cases.map(({ username, password, dbname }) => {
    const values: Record<string, string> = {
      ...{ PGUSER: username, PGPASSWORD: password, PGDATABASE: dbname },
      ...{ PGHOST: 'db.example', PGPORT: '5433' },
    };
    const url = DATABASE_URL.replaceAll(/\$\((\w+)\)/g, (_, name: string) => values[name] ?? '');
    return JSON.stringify({ url, parts: [username, password, 'db.example', '5433', dbname] });
  });
  const running = run(join(bin, 'python'), ['-c', READ]);
  running.child.stdin?.end(`${lines.join('\n')}\n`);
  const { stdout } = await running;
  return stdout
    .trim()
    .split('\n')
    .map((line) => line === 'true');
}

function isTold(parts: Parts): boolean {
  const data = Object.entries(parts).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', uid: '', resourceVersion: '' } };
  const keys = ['username', 'password', 'dbname'] as const;
  return brokenParts({ secret: 'db', keys }, { ...secret, data: Object.fromEntries(data) }) !== undefined;
}

const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

describe.each(['username', 'password', 'dbname'] as const)('a %s', (key) => {
  it('is told where a driver reads it otherwise than it is, and only there', async () => {
    const cases = [...PRINTABLE, '%41', 'é', '漢'].map((character) => ({ ...PLAIN, [key]: `a${character}b` }));
    const read = await readByAll(cases);
    const wrong = cases.filter((each, index) => isTold(each) === read[index]).map((each) => each[key]);
    expect(wrong).toEqual([]);
    expect(read.filter((isRead) => isRead).length).toBeGreaterThan(80);
  });
});
