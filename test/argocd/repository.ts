import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A bare repository as a server holds it, and a working copy beside it. */
export interface Repository {
  /** What an Application names it by. */
  readonly url: string;
  /** The working copy: edit here, then commit. */
  readonly folder: string;
  /** Commits all edits and pushes them; returns the commit. */
  readonly commit: (message: string) => Promise<string>;
  /** `git revert` of these commits, newest first, pushed as one commit each; returns the last. */
  readonly revert: (...commits: string[]) => Promise<string>;
}

const run = promisify(execFile);
const AUTHOR = ['-c', 'user.name=Shop', '-c', 'user.email=shop@example.com'];

/** Makes an empty repository `<parent>/<name>.git` with the branch main; one of that name is replaced. */
export async function createRepository(parent: string, name: string): Promise<Repository> {
  const bare = join(parent, `${name}.git`);
  const folder = join(parent, name);
  for (const path of [bare, folder]) rmSync(path, { recursive: true, force: true });
  mkdirSync(parent, { recursive: true });
  const git = async (...args: string[]) => (await run('git', ['-C', folder, ...AUTHOR, ...args])).stdout.trim();
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', bare]);
  await run('git', ['clone', '--quiet', bare, folder]);
  await git('checkout', '--quiet', '-B', 'main');
  const push = async (): Promise<string> => {
    await git('push', '--quiet', 'origin', 'main');
    return git('rev-parse', 'HEAD');
  };
  return {
    url: `file://${bare}`,
    folder,
    commit: async (message) => {
      await git('add', '--all');
      await git('commit', '--quiet', '--message', message);
      return push();
    },
    revert: async (...commits) => {
      await git('revert', '--no-edit', ...commits);
      return push();
    },
  };
}
