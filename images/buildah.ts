import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { baseImageArgs, baseRecipeHash } from './base-image.ts';
import { baseReferenceOf, type Suite } from './catalog.ts';
import type { BuildJob, Engine } from './engine.ts';
import { runLogged } from './run-logged.ts';

const run = promisify(execFile);

/** The layer cache makes a rebuild cheap until it has grown to this; then it starts anew. */
const storageLimitMiB = 8192;
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Builds with buildah, in a storage of its own: the user's other images are neither seen nor tidied away. */
export function buildahEngine(folder: string, env: NodeJS.ProcessEnv): Engine {
  const aptOptions = env.PITCREW_APT_OPTIONS ?? '-o Acquire::Check-Valid-Until=false';
  const frozenArchive = aptOptions.includes('Check-Valid-Until=false');
  const buildArgs = { APT_OPTIONS: aptOptions };
  const buildah = new Buildah(folder, env);
  const baseOf = (suite: Suite) => new BaseImage(suite, folder, buildah, frozenArchive);
  return {
    name: 'buildah',
    buildArgs,
    readBaseId: (suite) => baseOf(suite).readId(),
    prepareBase: (suite, logFile) => baseOf(suite).prepare(logFile),
    build: (job) => build(buildah, job, { ...job.buildArgs, ...buildArgs }),
    tidy: (logFile) => tidy(buildah, logFile),
  };
}

/** The program with the flags and environment that every call shares. */
class Buildah {
  readonly storage: string;
  readonly #flags: string[];
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.storage = join(folder, 'storage');
    // Without its bind mount on itself the storage is a plain folder that can be deleted.
    const plainFolder = ['--storage-driver', 'overlay', '--storage-opt', 'overlay.skip_mount_home=true'];
    this.#flags = ['--root', this.storage, '--runroot', join(folder, 'run'), ...plainFolder];
    // Chroot needs no container runtime, and works as root and inside containers alike.
    this.#env = { BUILDAH_ISOLATION: 'chroot', ...env };
  }

  async log(logFile: string, command: string, ...args: string[]): Promise<void> {
    await runLogged('buildah', [command, ...this.#flags, ...args], { logFile, env: this.#env });
  }

  async ask(command: string, ...args: string[]): Promise<string> {
    const { stdout } = await run('buildah', [command, ...this.#flags, ...args], { env: this.#env });
    return stdout.trim();
  }
}

class BaseImage {
  readonly #suite: Suite;
  readonly #record: string;
  readonly #tarball: string;
  readonly #buildah: Buildah;
  readonly #frozenArchive: boolean;

  constructor(suite: Suite, folder: string, buildah: Buildah, frozenArchive: boolean) {
    this.#suite = suite;
    this.#record = join(folder, `base-${suite}.json`);
    this.#tarball = join(folder, `base-${suite}.tar`);
    this.#buildah = buildah;
    this.#frozenArchive = frozenArchive;
  }

  async readId(): Promise<string | undefined> {
    if (!existsSync(this.#record)) return undefined;
    const { recipe, id } = JSON.parse(await readFile(this.#record, 'utf8')) as { recipe: string; id: string };
    return recipe === baseRecipeHash(this.#suite, this.#frozenArchive) ? id : undefined;
  }

  async prepare(logFile: string): Promise<string> {
    const known = await this.readId();
    const stored = await this.#buildah
      .ask('images', '--no-trunc', '--quiet', baseReferenceOf(this.#suite))
      .catch(() => '');
    if (known !== undefined && stored === known) return known;
    const id = await this.#make(logFile);
    const record = JSON.stringify({ recipe: baseRecipeHash(this.#suite, this.#frozenArchive), id });
    await writeFile(`${this.#record}.partial`, record);
    await rename(`${this.#record}.partial`, this.#record);
    return id;
  }

  async #make(logFile: string): Promise<string> {
    const { storage } = this.#buildah;
    await mkdir(storage, { recursive: true });
    await runLogged('mmdebstrap', baseImageArgs(this.#suite, this.#tarball, this.#frozenArchive), { logFile });
    const container = await this.#buildah.ask('from', 'scratch');
    await this.#buildah.log(logFile, 'add', '--quiet', container, this.#tarball, '/');
    await this.#buildah.log(logFile, 'config', '--cmd', 'bash', '--env', `PATH=${defaultPath}`, container);
    await this.#buildah.log(logFile, 'commit', '--quiet', '--rm', container, baseReferenceOf(this.#suite));
    await rm(this.#tarball);
    return await this.#buildah.ask('images', '--no-trunc', '--quiet', baseReferenceOf(this.#suite));
  }
}

async function build(buildah: Buildah, job: BuildJob, buildArgs: Readonly<Record<string, string>>): Promise<string> {
  const given = Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  // pip and npm must trust what this machine trusts, for instance a company's own certificate authority.
  // Only for them: some Debian packages write into this folder when they are installed.
  const trust = job.installsPackages && existsSync('/etc/ssl/certs') ? ['-v', '/etc/ssl/certs:/etc/ssl/certs:ro'] : [];
  const result = ['--tag', job.reference, '--file', job.dockerfile, job.context];
  await buildah.log(job.logFile, 'bud', '--layers', '--pull=never', ...given, ...trust, ...result);
  const digestFile = `${job.archive}.digest`;
  // Compressing would take longer than the build, for files that never leave the machine.
  const how = ['--quiet', '--disable-compression', '--digestfile', digestFile];
  await buildah.log(job.logFile, 'push', ...how, job.reference, `oci-archive:${job.archive}:${job.reference}`);
  const digest = (await readFile(digestFile, 'utf8')).trim();
  await rm(digestFile);
  return digest;
}

/** Working containers go always, old layers once they fill the disk. */
async function tidy(buildah: Buildah, logFile: string): Promise<void> {
  await buildah.log(logFile, 'rm', '--all');
  const { stdout } = await run('du', ['--summarize', '--block-size=1M', buildah.storage]);
  if (Number.parseInt(stdout, 10) > storageLimitMiB) await buildah.log(logFile, 'rmi', '--prune');
}
