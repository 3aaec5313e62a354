/** Every image that the project can build, and nothing about how. */
export interface ImageRecipe {
  /** Short name, for the command line and for file names. */
  readonly name: ImageName;
  /** Full name with a fixed tag. */
  readonly reference: string;
  readonly dockerfile: string;
  /** Folder sent to the build; this and `dockerfile` are relative to the repository. */
  readonly context: string;
  /** True when a step of the build installs from npm or PyPI, and so must trust what this machine trusts. */
  readonly installsPackages?: boolean;
  /** True when the context has to be bundled first. */
  readonly bundled?: boolean;
  /** Release of Debian that the image starts from; the default one when absent. */
  readonly suite?: Suite;
  /** Arguments that the Dockerfile declares, where its defaults are not meant. */
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** True when only whoever asks for it by name gets it: no stack of ours runs on it, tests compare with it. */
  readonly onDemand?: boolean;
}

export type ImageName =
  | 'nginx'
  | 'postgres'
  | 'postgres-15'
  | 'postgres-17'
  | 'operator'
  | 'bahamm-backend'
  | 'bahamm-frontend';

export type Suite = 'bookworm' | 'trixie' | 'forky';
export const defaultSuite: Suite = 'forky';

/** What the Dockerfiles of a suite start from. */
export const baseReferenceOf = (suite: Suite): string => `docker.io/library/debian:${suite}-slim`;

/** An older PostgreSQL: each release of Debian carries one major, so the Dockerfile is told both. */
const olderPostgres = (major: 15 | 17, suite: Suite): ImageRecipe => ({
  name: `postgres-${major}`,
  reference: `docker.io/library/postgres:${major}`,
  dockerfile: 'images/postgres/Dockerfile',
  context: 'images/postgres',
  suite,
  buildArgs: { DEBIAN_SUITE: suite, PG_MAJOR: String(major) },
  onDemand: true,
});

export const catalog: readonly ImageRecipe[] = [
  {
    name: 'nginx',
    reference: 'docker.io/library/nginx:1.30',
    dockerfile: 'images/nginx/Dockerfile',
    context: 'images/nginx',
  },
  {
    name: 'postgres',
    reference: 'docker.io/library/postgres:18',
    dockerfile: 'images/postgres/Dockerfile',
    context: 'images/postgres',
  },
  olderPostgres(17, 'trixie'),
  olderPostgres(15, 'bookworm'),
  {
    name: 'operator',
    reference: 'localhost/pitcrew:dev',
    dockerfile: 'images/operator/Dockerfile',
    context: 'dist',
    bundled: true,
  },
  {
    name: 'bahamm-backend',
    reference: 'localhost/bahamm-backend:2.0',
    dockerfile: 'examples/app/backend/Dockerfile',
    context: 'examples/app/backend',
    installsPackages: true,
  },
  {
    name: 'bahamm-frontend',
    reference: 'localhost/bahamm-frontend:2.0',
    dockerfile: 'examples/app/frontend/Dockerfile',
    context: 'examples/app/frontend',
    installsPackages: true,
  },
];

/** The recipes of these names in the order of the catalog; all but those on demand when no name is given. */
export function recipesOf(names: readonly string[]): ImageRecipe[] {
  const unknown = names.filter((name) => !catalog.some((recipe) => recipe.name === name));
  if (unknown.length > 0) {
    const known = catalog.map((recipe) => recipe.name).join(', ');
    throw new Error(`unknown image ${unknown.join(', ')}; known are ${known}`);
  }
  return catalog.filter(({ name, onDemand }) => (names.length === 0 ? !onDemand : names.includes(name)));
}
