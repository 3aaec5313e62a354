import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Facts } from '../charts/facts.ts';
import type { Profile } from '../crds/performance-profile.ts';
import { InvalidProfileError, profilesIn, readFacts } from '../synth/offline.ts';
import { type Surroundings, UsageError } from './command.ts';
import type { Diagnosis } from './diagnosis.ts';

/** A file and what is in it: its profiles, or what keeps them from being profiles. */
export interface ProfileFile {
  /** As the user calls it; standard input is called so. */
  readonly name: string;
  readonly profiles: readonly Profile[];
  readonly problems: readonly Diagnosis[];
}

/** Reads a file (`-` is standard input). What is wrong inside is part of the answer; a file that cannot be read is not. */
export async function readProfileFile(file: string, around: Surroundings): Promise<ProfileFile> {
  const name = file === '-' ? 'standard input' : file;
  const text = file === '-' ? await around.readStdin() : readText(file);
  try {
    return { name, profiles: profilesIn(name, text), problems: [] };
  } catch (error) {
    if (!isAboutContent(error)) throw error;
    // The schema in words is needed only here, and costs more than a whole rendering.
    const { diagnose } = await import('./diagnosis.ts');
    return { name, profiles: [], problems: diagnose(text) };
  }
}

const isAboutContent = (error: unknown): boolean =>
  error instanceof InvalidProfileError || (error instanceof Error && error.name === 'YAMLParseError');

function readText(file: string): string {
  if (!existsSync(file))
    throw new UsageError(`${file}: no such file; give the path of a YAML file, or - for standard input`);
  if (statSync(file).isDirectory()) throw new UsageError(`${file} is a folder; give the path of a YAML file in it`);
  return readFileSync(file, 'utf8');
}

/** The facts of a file, or the assumed ones. */
export function factsFrom(file: string | undefined): Facts {
  if (file !== undefined && !existsSync(file)) {
    throw new UsageError(`${file}: no such file; \`pitcrew facts > ${file}\` writes it from your cluster`);
  }
  try {
    return readFacts(file);
  } catch (error) {
    if (error instanceof Error && error.name === 'YAMLParseError')
      throw new UsageError(`${file} is no YAML: ${error.message}`);
    throw error;
  }
}
