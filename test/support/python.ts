import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What an application like that of the guide is made of, with every driver of PostgreSQL that it may have. */
const PACKAGES = [
  'gunicorn==27.0.1',
  'uvicorn==0.54.0',
  'uvicorn-worker==0.4.0',
  'fastapi==0.165.0',
  'sqlalchemy[asyncio]==2.1.9',
  'sqlmodel==0.0.50',
  'psycopg[binary]==3.3.9',
  'asyncpg==0.32.0',
  'aiosqlite==0.22.1',
];

/** The programs of a virtual environment with these packages; made once, and whole or not at all. */
export async function pythonPrograms(): Promise<string> {
  const cache = process.env.PITCREW_CACHE ?? join(homedir(), '.cache', 'pitcrew');
  const hash = createHash('sha256').update(PACKAGES.join(' ')).digest('hex').slice(0, 12);
  const place = join(cache, `python-${hash}`);
  if (existsSync(join(place, 'complete'))) return join(place, 'bin');
  mkdirSync(cache, { recursive: true });
  rmSync(place, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', place]); // Programs in it name its place, so it is made where it stays.
  await run(join(place, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  writeFileSync(join(place, 'complete.new'), PACKAGES.join('\n'));
  renameSync(join(place, 'complete.new'), join(place, 'complete'));
  return join(place, 'bin');
}
