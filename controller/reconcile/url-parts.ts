import type { Finding } from '../../charts/findings.ts';
import { keysInUrls, type UrlKey } from '../../charts/tiers/backend/database-url.ts';
import { connectionSecret } from '../../charts/tiers/backend/pod.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import type { Synthesis } from '../../synth/synthesis.ts';
import type { KubeObject } from '../cluster/port.ts';
import { secretValue } from './credentials.ts';

/** Values of the connection's Secret that stand in a URL as they are, since Kubernetes escapes nothing. */

/** A Secret of which a URL is put together, and what of it no URL takes. */
export interface UrlParts {
  readonly secret: string;
  readonly keys: readonly UrlKey[];
  /** Whether it has a whole URL, too. */
  readonly hasUri: boolean;
}

/** What at least one of psycopg, asyncpg and SQLAlchemy reads as another part of the URL, or not at all. */
const BREAKS: Readonly<Record<UrlKey, RegExp>> = {
  username: /[:@/?#%[\]\s]/,
  password: /[@/?#%[\]\s]/,
  dbname: /[?#%\s]/,
};

/** The Secret to look into, and what to look at; undefined: no URL is put together. */
export function urlPartsOf({ spec, metadata: { name } }: Profile): Omit<UrlParts, 'hasUri'> | undefined {
  const keys = keysInUrls(spec);
  return keys.length === 0 ? undefined : { secret: connectionSecret({ spec, name }), keys };
}

/** Those of the parts that no URL takes; undefined: all is well. Keeps names of keys, never values. */
export function brokenParts(parts: Omit<UrlParts, 'hasUri'>, secret: KubeObject): UrlParts | undefined {
  const keys = parts.keys.filter((key) => BREAKS[key].test(secretValue(secret, key) ?? ''));
  return keys.length === 0 ? undefined : { ...parts, keys, hasUri: secretValue(secret, 'uri') !== undefined };
}

/** A finding of ours: an application that connects by the variables of libpq is not concerned, so nothing is refused. */
export function brokenUrls(synthesis: Synthesis, broken: UrlParts | undefined): Synthesis {
  if (broken === undefined) return synthesis;
  const { secret, keys, hasUri } = broken;
  const uri = hasUri ? `the key uri of Secret ${secret}` : 'it';
  const add = hasUri ? '' : `add a key uri with the whole URL, percent-encoded, to Secret ${secret}, and `;
  const [holds, as] =
    keys.length === 1
      ? ['holds', 'is put into DATABASE_URL as it is']
      : ['hold', 'are put into DATABASE_URL as they are'];
  const finding: Finding = {
    id: 'DB-11',
    severity: 'Warning',
    path: 'backend.env',
    message: `${keys.join(' and ')} of Secret ${secret} ${holds} a character that means something in a URL (@ / ? # % [ ] or white space) and ${as}: drivers read that wrongly or not at all`,
    fix: `${add}give backend.env a DATABASE_URL that takes ${uri} by valueFrom.secretKeyRef; or use letters, digits, - and _ alone`,
    fixes: [],
    acknowledged: false,
  };
  return { ...synthesis, findings: [...synthesis.findings, finding] };
}
