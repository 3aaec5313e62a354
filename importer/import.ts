import type { Facts } from '../charts/facts.ts';
import type { Finding } from '../charts/findings.ts';
import type { Profile } from '../crds/performance-profile.ts';
import { synthesize } from '../synth/synthesize.ts';
import { parseDotenv } from './compose/dotenv.ts';
import { readCompose } from './compose/read.ts';
import type { Service } from './compose/service.ts';
import { Draft, type Entry, type Note, type SecretToMake } from './draft.ts';
import { readConfiguration } from './nginx/read.ts';
import { rolesOf, whatIs } from './roles.ts';
import { isSecret, Vault } from './secrets.ts';
import type { Sources } from './source.ts';
import { placeBackend } from './tiers/backend.ts';
import { PLACEHOLDER_IMAGE } from './tiers/container.ts';
import { PLACEHOLDER_HOST, placeEdge } from './tiers/edge.ts';
import { placeFrontend } from './tiers/frontend.ts';
import { placePostgres } from './tiers/postgres.ts';

/** What became of the files of a user. */
export interface Imported {
  readonly profile: Profile;
  /** Each value of the profile with its place in the files. */
  readonly entries: readonly Entry[];
  readonly notes: readonly Note[];
  readonly secrets: readonly SecretToMake[];
  /** What the rule book says of the profile. */
  readonly findings: readonly Finding[];
}

/**
 * A compose file and what belongs to it as a profile. Pure, and total but for UnreadableError, which is thrown for what
 * is no compose file, no nginx configuration, or has no backend. No value that looks like a credential is in the result.
 */
export function importStack(sources: Sources, facts: Facts): Imported {
  const variables = parseDotenv(sources.dotenv?.text ?? '');
  const vault = new Vault();
  for (const [name, value = ''] of variables) if (isSecret(name, value)) vault.add(value);
  const left: Array<readonly [where: string, what: string]> = [];
  const missing = (where: string, path: string) => left.push([where, path]);
  const compose = readCompose({
    ...sources,
    file: sources.compose,
    lookup: (name) => variables.get(name),
    vault,
    missing,
  });
  const roles = rolesOf(compose.services, sources.chosen);
  const project = compose.project ?? sources.folder;
  const name = labelOf(sources.name ?? project);
  vault.allow(ordinaryWords(name, project, compose.services));
  const draft = new Draft(name, sources.namespace ?? name, vault);
  const directives = sources.nginx && readConfiguration({ ...sources, file: sources.nginx, missing });
  for (const [where, path] of left) draft.note('unmapped', where, `${path} is not there, so it was not read`);
  for (const key of compose.others)
    draft.note('unmapped', key, 'not read: give the file that `docker compose config` prints, in which all is in one');
  placeBackend(draft, roles, project, vault);
  placeFrontend(draft, roles, project);
  placePostgres(draft, roles, project);
  placeEdge(draft, roles, directives);
  placeUploads(draft);
  for (const service of roles.others) draft.note('unmapped', `services.${service.name}`, whatIs(service));
  const profile = draft.settle();
  const { findings } = synthesize(profile, facts);
  return { profile, entries: draft.entries(), notes: draft.notes(), secrets: draft.secrets(), findings };
}

/** Names of services, databases and users, and those that are made of the profile's own. */
function ordinaryWords(name: string, project: string, services: readonly Service[]): string[] {
  const logins = services.flatMap(({ environment }) =>
    environment.filter((each) => /^POSTGRES_(USER|DB)$/.test(each.name)),
  );
  return [
    name,
    project,
    ...['tls', 'database', 'backend-env', 'frontend-env'].map((suffix) => `${name}-${suffix}`),
    ...services.map((service) => service.name),
    ...logins.flatMap(({ value }) => value ?? []),
    PLACEHOLDER_HOST,
    PLACEHOLDER_IMAGE,
    'External',
  ];
}

/** The nearest DNS label, of at most 40 letters, which names are built from. */
function labelOf(text: string): string {
  const label = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return label === '' ? 'stack' : label;
}

/** Uploads need all of path, folder and size; two of them alone are no uploads. */
function placeUploads(draft: Draft): void {
  const folder = draft.at('uploads.backendPath');
  if (folder === undefined) return;
  const name = String(folder.value).split('/').at(-1) ?? '';
  if (draft.at('uploads.path') === undefined) {
    draft.place('uploads.path', `/${name}/`, folder.from, `after the folder ${name}: nginx serves it from the volume`);
    draft.note(
      'choose',
      folder.from,
      `uploads.path is /${name}/, after the folder: set it to the URL under which the files are asked for`,
    );
  }
  draft.place('uploads.size', '5Gi', folder.from, 'CHOOSE: volumes of compose have no size');
  draft.note(
    'choose',
    folder.from,
    'uploads.size is 5Gi, which no file of yours says: set it, and copy the files into the new volume',
  );
}
