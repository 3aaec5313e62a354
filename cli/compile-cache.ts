import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Lets Node keep what it compiles for the next start; a fifth of a start is compiling. The folder is the user's own,
 * since whoever can write to it decides what runs. Where there is none, or none to write to, every start compiles.
 * NODE_COMPILE_CACHE names another folder, NODE_DISABLE_COMPILE_CACHE=1 turns it off.
 */
export function keepCompiledCode(): void {
  try {
    enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pitcrew', 'compiled'));
  } catch {
    // A user without a home.
  }
}
