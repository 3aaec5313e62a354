import { chmodSync, cpSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Copies files and folders of a module beside the programs, under the names of {@link ModuleAssets.paths}. */
export function copyAssets(source: string, paths: Readonly<Record<string, string>>, folder: string): void {
  for (const [path, name] of Object.entries(paths)) {
    const target = join(folder, name);
    rmSync(target, { recursive: true, force: true });
    cpSync(join(source, path), target, { recursive: true });
    openUp(target);
  }
}

/** The module cache is read-only, and a module carries no run bits. */
function openUp(path: string): void {
  const isFolder = statSync(path).isDirectory();
  chmodSync(path, isFolder || path.endsWith('.sh') ? 0o755 : 0o644);
  if (isFolder) for (const entry of readdirSync(path)) openUp(join(path, entry));
}
