import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { baseReferenceOf, type Suite } from './catalog.ts';
import type { BuildJob, Engine } from './engine.ts';
import { runLogged } from './run-logged.ts';

const run = promisify(execFile);

/** Builds with a Docker engine, which fetches the base image itself and keeps its own layer cache. */
export function dockerEngine(env: NodeJS.ProcessEnv): Engine {
  const buildArgs = { APT_OPTIONS: env.PITCREW_APT_OPTIONS ?? '' };
  return {
    name: 'docker',
    buildArgs,
    readBaseId,
    prepareBase: async (suite, logFile) => {
      await runLogged('docker', ['pull', baseReferenceOf(suite)], { logFile });
      return (await readBaseId(suite)) ?? baseReferenceOf(suite);
    },
    build: (job) => build(job, { ...job.buildArgs, ...buildArgs }),
    tidy: async (logFile) => {
      // Only what our own builds have orphaned: they carry this label.
      await runLogged('docker', ['image', 'prune', '--force', '--filter', `label=${ownLabel}`], { logFile });
    },
  };
}

const ownLabel = 'pitcrew.build=true';

async function readBaseId(suite: Suite): Promise<string | undefined> {
  const asked = run('docker', ['image', 'inspect', '--format', '{{.Id}}', baseReferenceOf(suite)]);
  return await asked.then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

async function build(job: BuildJob, buildArgs: Readonly<Record<string, string>>): Promise<string> {
  const args = Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const source = ['--file', job.dockerfile, job.context];
  const names = ['--label', ownLabel, '--tag', job.reference];
  await runLogged('docker', ['build', ...args, ...names, ...source], { logFile: job.logFile });
  await runLogged('docker', ['save', '--output', job.archive, job.reference], { logFile: job.logFile });
  const { stdout } = await run('docker', ['image', 'inspect', '--format', '{{.Id}}', job.reference]);
  return stdout.trim();
}
