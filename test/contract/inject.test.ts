import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_FACTS } from '../../charts/facts.ts';
import { readProfiles } from '../../synth/offline.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { waitFor } from '../support/kubectl.ts';
import { pythonPrograms } from '../support/python.ts';

/** `pool.delivery: Inject` in real gunicorn, with an application whose pools are hard-coded in every way that there is. */
const APPLICATION = `
import anyio.to_thread
from fastapi import FastAPI
from sqlalchemy import create_engine
from sqlalchemy.engine import URL, engine_from_config
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
import sqlmodel

server = "://user:password@127.0.0.1:1/shop"
engines = {
    "sync": create_engine("postgresql+psycopg" + server, pool_size=10, max_overflow=20),
    "url": create_engine(URL.create("postgresql+psycopg", host="127.0.0.1", database="shop"), pool_size=10),
    "config": engine_from_config({"sqlalchemy.url": "postgresql+psycopg" + server, "sqlalchemy.pool_size": 10}),
    "async": create_async_engine("postgresql+asyncpg" + server, pool_size=10, max_overflow=20).sync_engine,
    "sqlmodel": sqlmodel.create_engine("postgresql+psycopg" + server, pool_size=10),
    "null": create_engine("postgresql+psycopg" + server, poolclass=NullPool),
    "sqlite": create_engine("sqlite://"),
    "async_sqlite": create_async_engine("sqlite+aiosqlite://").sync_engine,
}


def view(pool):
    size = getattr(pool, "size", None)
    return {
        "size": size() if callable(size) else None,
        "overflow": getattr(pool, "_max_overflow", None),
        "recycle": pool._recycle,
        "timeout": getattr(pool, "_timeout", None),
        "pre_ping": pool._pre_ping,
        "lifo": getattr(getattr(pool, "_pool", None), "use_lifo", None),  # SQLAlchemy shows it nowhere else.
    }


app = FastAPI()


@app.get("/view")
async def show():
    threads = anyio.to_thread.current_default_thread_limiter().total_tokens
    return {"threads": threads, "pools": {name: view(engine.pool) for name, engine in engines.items()}}
`;

const folder = mkdtempSync(join(tmpdir(), 'pitcrew-inject-'));
let bin = '';

beforeAll(async () => {
  bin = await pythonPrograms();
  writeFileSync(join(folder, 'main.py'), APPLICATION);
}, 300_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface BackendPod {
  readonly containers: ReadonlyArray<{
    readonly command: readonly string[];
    readonly env: ReadonlyArray<{ readonly name: string; readonly value?: string }>;
  }>;
}

/** Configuration, command and environment of the guide's backend, as they are rendered. */
function rendered(workerClass: string): { command: string[]; env: Record<string, string> } {
  const [profile] = readProfiles(join(import.meta.dirname, '../../examples/bahamm-seed.yaml'));
  if (profile === undefined) throw new Error('no profile');
  const pool = { ...profile.spec.backend.pool, useLifo: true };
  const backend = { ...profile.spec.backend, pool, workerClass: workerClass as 'asgi', workers: 1 };
  const objects = synthesize({ ...profile, spec: { ...profile.spec, backend } }, DEFAULT_FACTS).objects;
  const byName = (kind: string, name: string) =>
    objects.map(({ object }) => object).find((object) => object.kind === kind && object.metadata.name === name);
  const config = byName('ConfigMap', 'bahamm-backend-config') as unknown as { data: Record<string, string> };
  writeFileSync(join(folder, 'gunicorn.conf.py'), config.data['gunicorn.conf.py'] ?? '');
  const deployment = byName('Deployment', 'bahamm-backend')?.spec as { template: { spec: BackendPod } };
  const [container] = deployment.template.spec.containers;
  const literals = (container?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]));
  return { command: [...(container?.command ?? [])], env: Object.fromEntries(literals) as Record<string, string> };
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** By a signal that the workers are told of: they would outlive a killed master. */
async function ended(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null) return;
  const exit = new Promise((resolve) => process.once('exit', resolve));
  process.kill('SIGTERM');
  await exit;
}

/** The rendered command with our paths in it, started; what the application says of its pools. */
async function viewUnder(workerClass: string): Promise<unknown> {
  const { command, env } = rendered(workerClass);
  const port = await freePort();
  const [program = '', ...words] = command.map((word) =>
    word.replace(/^\/etc\/pitcrew\/backend/, folder).replace(/^0\.0\.0\.0:[0-9]+$/, `127.0.0.1:${port}`),
  );
  const path = `${bin}:${process.env.PATH ?? ''}`;
  const child = spawn(join(bin, program), words, {
    cwd: folder,
    env: { ...env, PATH: path, HOME: folder },
    stdio: 'pipe',
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (log += data.toString()));
  try {
    return await waitFor(`gunicorn with ${workerClass}`, async () => {
      if (child.exitCode !== null) throw new Error(`gunicorn ended:\n${log}`);
      const answer = await fetch(`http://127.0.0.1:${port}/view`).catch(() => undefined);
      return answer?.ok === true ? answer.json() : undefined;
    });
  } finally {
    await ended(child);
  }
}

describe('Inject', () => {
  it.each(['uvicorn.workers.UvicornWorker', 'uvicorn_worker.UvicornWorker', 'asgi'])(
    'sets pools and threads under %s, and leaves other pools alone',
    async (workerClass) => {
      const ours = { size: 10, overflow: 20, recycle: 3600, timeout: 5, pre_ping: true, lifo: true };
      const untouched = { size: null, recycle: -1, pre_ping: false };
      expect(await viewUnder(workerClass)).toMatchObject({
        threads: 100,
        pools: {
          ...Object.fromEntries(['sync', 'url', 'config', 'async', 'sqlmodel'].map((name) => [name, ours])),
          ...Object.fromEntries(['null', 'sqlite', 'async_sqlite'].map((name) => [name, untouched])),
        },
      });
    },
  );
});
