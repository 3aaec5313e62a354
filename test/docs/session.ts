import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Block } from './blocks.ts';

/** A terminal in which somebody follows a page: what one block sets is there in the next. */
export interface Session {
  /** Saves a file, or runs a block; throws with all that was printed when a command of it fails. */
  follow(block: Block): Promise<string>;
}

const STATE = '.session';

/** `folder` is where the person stands; files that are saved go there. */
export function openSession(folder: string, env: NodeJS.ProcessEnv): Session {
  const state = join(folder, STATE);
  writeFileSync(state, '');
  const script = (text: string) =>
    `set -a; . '${state}'; set -eEo pipefail\n${text}\n{ export -p; declare -f; } > '${state}'`;
  const run = (block: Block): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = { cwd: folder, env, maxBuffer: 64 * 2 ** 20 };
      execFile('bash', ['-c', `{ ${script(block.text)}\n} 2>&1`], options, (error, stdout) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`docs/${block.page}.md:${block.line} failed (${error.code}):\n${block.text}\n${stdout}`));
      });
    });
  return {
    follow: async (block) => {
      if (block.use.kind === 'run') return run(block);
      if (block.use.kind === 'file') writeFileSync(join(folder, block.use.name), block.text);
      return '';
    },
  };
}
