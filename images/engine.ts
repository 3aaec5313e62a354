import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { buildahEngine } from './buildah.ts';
import { dockerEngine } from './docker.ts';

/** What a program that builds images must do for us. */
export interface Engine {
  readonly name: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Identity of the base image, without work; undefined until it exists. */
  readBaseId(): Promise<string | undefined>;
  /** Makes or fetches the base image if it is missing, and says which it is. */
  prepareBase(logFile: string): Promise<string>;
  /** Builds one image and writes it as an OCI archive; returns the digest of its manifest. */
  build(job: BuildJob): Promise<string>;
  /** Frees what the builds left behind. */
  tidy(logFile: string): Promise<void>;
}

export interface BuildJob {
  readonly reference: string;
  /** Absolute paths. */
  readonly dockerfile: string;
  readonly context: string;
  readonly archive: string;
  readonly logFile: string;
  readonly installsPackages: boolean;
}

/** Buildah where it is installed, since it needs no service; else Docker. */
export function chooseEngine(folder: string, env: NodeJS.ProcessEnv = process.env): Engine {
  if (isOnPath('buildah', env) && isOnPath('mmdebstrap', env)) return buildahEngine(folder, env);
  if (isOnPath('docker', env)) return dockerEngine(env);
  throw new Error('building images needs buildah and mmdebstrap (apt-get install buildah mmdebstrap), or Docker');
}

function isOnPath(program: string, env: NodeJS.ProcessEnv): boolean {
  return (env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)));
}
