import { readFileSync } from 'node:fs';
import * as z from 'zod';
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
  return profilesIn(file, readFileSync(file === '-' ? 0 : file, 'utf8'));
}

/** The profiles in the text of a file, whose name is for the error. */
export function profilesIn(file: string, text: string): Profile[] {
  const raw = parseManifest(text).filter((document) => (document as { kind?: unknown }).kind === KIND);
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
  nodeCount: z.int().min(1).optional(),
  otherCpuMillis: z.int().min(0).optional(),
  otherMemoryMiB: z.int().min(0).optional(),
  defaultStorageProvisioner: z.string().min(1).optional(),
  clusterDnsAddress: z.string().min(2).optional(),
});

/** A file whose facts cannot be used: every one that is wrong, in one error. */
export class InvalidFactsError extends Error {
  constructor(file: string, issues: readonly Issue[]) {
    const lines = issues.map(({ path, message }) => `  ${path === '' ? '' : `${path}: `}${message}`);
    super([`${file} is no file of facts, which \`pitcrew facts\` writes:`, ...lines].join('\n'));
    this.name = 'InvalidFactsError';
  }
}

/** Facts from a YAML or JSON file, or the defaults where no file is given. */
export function readFacts(file: string | undefined): Facts {
  if (file === undefined) return DEFAULT_FACTS;
  const parsed = factsSchema.safeParse(parseManifest(readFileSync(file, 'utf8'))[0]);
  if (parsed.success) return parsed.data;
  throw new InvalidFactsError(
    file,
    parsed.error.issues.map(({ path, message }) => ({
      path: path.join('.'),
      message: message.replace(/^.*received undefined$/, 'is missing'),
    })),
  );
}
