/**
 * The full form of an image's name, under which a node looks it up: `nginx:1.30` is `docker.io/library/nginx:1.30`.
 * A name without a tag gets `latest`, as everywhere.
 */
export function fullImageName(name: string): string {
  const [first = '', ...rest] = name.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const withHost = hasHost ? name : rest.length > 0 ? `docker.io/${name}` : `docker.io/library/${name}`;
  const last = withHost.slice(withHost.lastIndexOf('/') + 1);
  return /[:@]/.test(last) ? withHost : `${withHost}:latest`;
}
