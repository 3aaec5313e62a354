import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DEFAULT_FACTS, type Facts } from '../charts/facts.ts';
import { KIND } from '../crds/group.ts';
import { type Issue, type Profile, parseProfile } from '../crds/performance-profile.ts';
import { parseManifest } from './manifest.ts';

/** Reading profiles and facts from files, for the offline doors. */

/** A file that is no profile: every field that is wrong, in one error. */
export class InvalidProfileError extends Error {
  readonly file: string;
  readonly issues: readonly Issue[];
  constructor(file: string, issues: readonly Issue[]) {
    super(
      [`${file} is not a valid ${KIND}:`, ...issues.map((issue) => `  ${issue.path}: ${issue.message}`)].join('\n'),
    );
    this.name = 'InvalidProfileError';
    this.file = file;
    this.issues = issues;
  }
}

/** The profiles of a YAML file (`-` is standard input); other kinds in it are passed over. */
export function readProfiles(file: string): Profile[] {
  const documents = parseManifest(readFileSync(file === '-' ? 0 : file, 'utf8'));
  const raw = documents.filter((document) => (document as { kind?: unknown }).kind === KIND);
  if (raw.length === 0) throw new InvalidProfileError(file, [{ path: 'kind', message: `no ${KIND} in it` }]);
  return raw.map((document) => {
    const parsed = parseProfile(document);
    if ('issues' in parsed) throw new InvalidProfileError(file, parsed.issues);
    return parsed.profile;
  });
}

const factsSchema = z.strictObject({
  kubernetesVersion: z.string().regex(/^[0-9]+\.[0-9]+/),
  allocatableCpuMillis: z.int().min(1),
  allocatableMemoryMiB: z.int().min(1),
});

/** Facts from a YAML or JSON file, or the defaults where no file is given. */
export function readFacts(file: string | undefined): Facts {
  if (file === undefined) return DEFAULT_FACTS;
  const parsed = factsSchema.safeParse(parseManifest(readFileSync(file, 'utf8'))[0]);
  if (!parsed.success)
    throw new InvalidProfileError(
      file,
      parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
    );
  return parsed.data;
}
