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
}

export type ImageName = 'nginx' | 'postgres' | 'operator' | 'bahamm-backend' | 'bahamm-frontend';

/** What every Dockerfile starts from. */
export const baseReference = 'docker.io/library/debian:forky-slim';

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

/** The recipes of these names in the order of the catalog; all of them when no name is given. */
export function recipesOf(names: readonly string[]): ImageRecipe[] {
  const unknown = names.filter((name) => !catalog.some((recipe) => recipe.name === name));
  if (unknown.length > 0) {
    const known = catalog.map((recipe) => recipe.name).join(', ');
    throw new Error(`unknown image ${unknown.join(', ')}; known are ${known}`);
  }
  return catalog.filter((recipe) => names.length === 0 || names.includes(recipe.name));
}
