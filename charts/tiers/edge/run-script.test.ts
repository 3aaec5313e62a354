import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_DIRECTORY, ERROR_FILE, PID_FILE, STATE_DIRECTORY, TLS_DIRECTORY } from './paths.ts';
import { RUN_SCRIPT_TEXT } from './run-script.ts';

/** Behaves like nginx in what run.sh relies on, and writes down what happens to it. A file with `bad` in it is refused. */
const FAKE_NGINX = `#!${process.execPath}
const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');
const file = process.argv[process.argv.indexOf('-c') + 1];
const note = (what) => appendFileSync(process.env.FAKE_LOG, what + ':' + readFileSync(file, 'utf8') + '\\n');
if (process.argv.includes('-t')) {
  if (!readFileSync(file, 'utf8').includes('bad')) process.exit(0);
  process.stderr.write('[emerg] it is bad\\n');
  process.exit(1);
}
process.on('SIGHUP', () => note('reload'));
process.on('SIGQUIT', () => { note('quit'); process.exit(7); });
note('start');
writeFileSync(process.env.FAKE_PID_FILE, String(process.pid));
setInterval(() => {}, 1000);
`;

const room = mkdtempSync(join(tmpdir(), 'run-script-'));
const at = (path: string) => join(room, path);
const log = () => (existsSync(at('log')) ? readFileSync(at('log'), 'utf8').trim().split('\n') : []);

/** Replaces the content of the mounted directory as the kubelet does: by one rename of a link. */
function mount(version: string, content: string): void {
  mkdirSync(at(`${CONFIG_DIRECTORY}/..${version}`), { recursive: true });
  writeFileSync(at(`${CONFIG_DIRECTORY}/..${version}/nginx.conf`), content);
  symlinkSync(`..${version}`, at(`${CONFIG_DIRECTORY}/..data_tmp`));
  renameSync(at(`${CONFIG_DIRECTORY}/..data_tmp`), at(`${CONFIG_DIRECTORY}/..data`));
}

function start(): ChildProcess {
  const env = { PATH: `${at('bin')}:${process.env.PATH}`, FAKE_LOG: at('log'), FAKE_PID_FILE: at(PID_FILE) };
  return spawn('/bin/sh', [at('run.sh')], { env, stdio: 'ignore' });
}

const ended = (child: ChildProcess) =>
  child.exitCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));

beforeAll(() => {
  for (const directory of ['bin', 'tmp', CONFIG_DIRECTORY]) mkdirSync(at(directory), { recursive: true });
  const script = [CONFIG_DIRECTORY, TLS_DIRECTORY, STATE_DIRECTORY, ERROR_FILE, PID_FILE].reduce(
    (text, path) => text.replaceAll(`=${path}\n`, `=${at(path)}\n`),
    RUN_SCRIPT_TEXT,
  );
  writeFileSync(at('run.sh'), script);
  writeFileSync(at('bin/nginx'), FAKE_NGINX);
  chmodSync(at('bin/nginx'), 0o755);
  mount('1', 'one');
  symlinkSync('..data/nginx.conf', at(`${CONFIG_DIRECTORY}/nginx.conf`));
});

afterAll(() => rmSync(room, { recursive: true }));

describe('run.sh', () => {
  it('is what sh can read', () => {
    expect(() => execFileSync('/bin/sh', ['-n', at('run.sh')])).not.toThrow();
  });

  it('starts nginx, reloads what it accepts, keeps what it had otherwise, and stops it gracefully', async () => {
    const child = start();
    await expect.poll(log, { timeout: 5000 }).toEqual(['start:one']);
    await expect.poll(() => existsSync(at(PID_FILE)), { timeout: 5000 }).toBe(true);
    const pid = readFileSync(at(PID_FILE), 'utf8');

    mount('2', 'two');
    await expect.poll(log, { timeout: 5000 }).toEqual(['start:one', 'reload:two']);

    mount('3', 'bad');
    await expect.poll(() => readFileSync(at(ERROR_FILE), 'utf8'), { timeout: 5000 }).toBe('[emerg] it is bad\n');
    expect(readFileSync(at(`${STATE_DIRECTORY}/nginx.conf`), 'utf8')).toBe('two');

    mount('4', 'four');
    await expect.poll(log, { timeout: 5000 }).toEqual(['start:one', 'reload:two', 'reload:four']);
    expect(readFileSync(at(ERROR_FILE), 'utf8')).toBe('');
    expect(readFileSync(at(PID_FILE), 'utf8')).toBe(pid);

    child.kill('SIGTERM');
    expect(await ended(child)).toBe(7);
    expect(log().at(-1)).toBe('quit:four');
  }, 30_000);

  it('falls back on the last accepted file after a restart, and refuses to start without one', async () => {
    rmSync(at('log'));
    mount('5', 'bad');
    const child = start();
    await expect.poll(log, { timeout: 5000 }).toEqual(['start:four']);
    await expect.poll(() => existsSync(at(PID_FILE)), { timeout: 5000 }).toBe(true);
    expect(readFileSync(at(ERROR_FILE), 'utf8')).toBe('[emerg] it is bad\n');
    child.kill('SIGQUIT');
    expect(await ended(child)).toBe(7);

    rmSync(at(STATE_DIRECTORY), { recursive: true });
    expect(await ended(start())).toBe(1);
  }, 30_000);
});
