import { writeFileSync } from 'node:fs';
import { blocking } from '../charts/findings.ts';
import { type Imported, importStack } from '../importer/import.ts';
import { profileYaml } from '../importer/profile-yaml.ts';
import { UnreadableError } from '../importer/source.ts';
import { type Request, type Run, UsageError } from './command.ts';
import { sourcesFrom } from './import-files.ts';
import { countsLine, headLines, reportText } from './import-text.ts';
import { factsFrom } from './profile-file.ts';

/** `pitcrew import`: a profile from the files that a stack runs by today. */
export const run: Run = async ({ options }, around) => {
  const facts = factsFrom(options.facts);
  const sources = await sourcesFrom(options, around);
  const names = [sources.compose, sources.nginx, sources.dotenv].flatMap((file) =>
    file === undefined ? [] : [file.name],
  );
  const imported = understood(() => importStack(sources, facts));
  const text = profileYaml(imported.profile, imported.entries, headLines(imported, names));
  const code = isComplete(imported) ? 0 : 1;
  const { output } = options;
  if (output === undefined) return { code, stdout: text, stderr: countsLine(around.errors, imported) };
  write(output, text);
  return { code, stdout: reportText(around.terminal, imported, output) };
};

/** Nothing has to be filled in, and the operator takes it. */
const isComplete = ({ notes, findings }: Imported): boolean =>
  notes.every(({ kind }) => kind !== 'fill') && blocking(findings).length === 0;

function understood<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UnreadableError) throw new UsageError(error.message);
    throw error;
  }
}

/** A file that is there stays as it is: somebody may have worked on it. */
function write(file: NonNullable<Request['options'][string]>, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new UsageError(`${file} is there already: remove it, or give another name to -o`);
    throw new UsageError(`${file} cannot be written (${code}): give another name to -o`);
  }
}
