import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { buildahEngine } from './buildah.ts';
import { dockerEngine } from './docker.ts';
import type { Engine } from './engine.ts';

/** Buildah where it is installed, since it needs no service; else Docker. */
export function chooseEngine(folder: string, env: NodeJS.ProcessEnv = process.env): Engine {
  if (isOnPath('buildah', env) && isOnPath('mmdebstrap', env)) return buildahEngine(folder, env);
  if (isOnPath('docker', env)) return dockerEngine(env);
  throw new Error('building images needs buildah and mmdebstrap (apt-get install buildah mmdebstrap), or Docker');
}

function isOnPath(program: string, env: NodeJS.ProcessEnv): boolean {
  return (env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)));
}
