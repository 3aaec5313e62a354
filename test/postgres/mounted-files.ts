import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A ConfigMap or Secret as the kubelet lays it down: files are links through `..data`, which one rename replaces. */
export class MountedFiles {
  readonly folder: string;
  #generation = 0;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  }

  /** Brings new content under the same names in one step: a reader sees all the old files or all the new ones. */
  replace(files: Readonly<Record<string, string>>): void {
    const previous = `..generation-${this.#generation}`;
    this.#generation += 1;
    const next = `..generation-${this.#generation}`;
    mkdirSync(join(this.folder, next));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, next, name), text);
    symlinkSync(next, join(this.folder, '..data_tmp'));
    renameSync(join(this.folder, '..data_tmp'), join(this.folder, '..data'));
    if (this.#generation === 1) {
      for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(this.folder, name));
    }
    rmSync(join(this.folder, previous), { recursive: true, force: true });
  }
}
