import type { Spec } from '../../../crds/performance-profile.ts';

/** DATABASE_URL, which Kubernetes puts together from the Secret: it puts the values in as they are. */

/** Our own: from the parts of the Secret, so that it works with CloudNativePG's keys as with ours. */
export const DATABASE_URL = 'postgresql://$(PGUSER):$(PGPASSWORD)@$(PGHOST):$(PGPORT)/$(PGDATABASE)';

/** Key of the Secret of a connection by the variable that holds its value. */
const PARTS = { PGUSER: 'username', PGPASSWORD: 'password', PGDATABASE: 'dbname' } as const;
export type UrlKey = (typeof PARTS)[keyof typeof PARTS];

/** Keys of the connection's Secret whose values stand in a URL of the backend, in ours or in one of the user's. */
export function keysInUrls({ backend }: Spec): UrlKey[] {
  const users = backend.env ?? [];
  const isUsers = (name: string) => users.some((variable) => variable.name === name);
  const urls = users.flatMap(({ value }) => (value?.includes('://') === true ? [value] : []));
  if (!isUsers('DATABASE_URL')) urls.push(DATABASE_URL);
  return Object.entries(PARTS).flatMap(([variable, key]) =>
    !isUsers(variable) && urls.some((url) => url.includes(`$(${variable})`)) ? [key] : [],
  );
}
