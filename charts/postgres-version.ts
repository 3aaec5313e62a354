/** Which PostgreSQL an image brings, as far as its name tells. */

/** The newest major that this was made for; taken where the name of the image does not tell. */
export const NEWEST_POSTGRES = 18;
/** Older ones lack settings that ours always contain. */
export const OLDEST_POSTGRES = 14;

export interface PostgresVersion {
  readonly major: number;
  /** False: the tag is `latest`, a digest or a name, so the newest is assumed. */
  readonly told: boolean;
}

/** `postgres:17.2-bookworm` → 17. */
export function postgresVersion(image: string): PostgresVersion {
  const tag = /:([^:/]+)$/.exec(image.split('@')[0] ?? '')?.[1] ?? '';
  const major = Number(/^v?([0-9]{1,2})(?![0-9])/.exec(tag)?.[1] ?? 0);
  return major >= 9 && major < 40 ? { major, told: true } : { major: NEWEST_POSTGRES, told: false };
}

/** The same release on Debian, where the image is of Alpine: `postgres:16-alpine3.22` → `postgres:16`. */
export function debianTwin(image: string): string | undefined {
  const [name = ''] = image.split('@');
  const told = /^(.+?):([^:/]*?)-?alpine[0-9.]*$/.exec(name);
  return told === null ? undefined : `${told[1]}:${told[2] || NEWEST_POSTGRES}`;
}
