import { describe, expect, it } from 'vitest';
import { profileOf, SYNTHESIS } from './fixtures.ts';
import { brokenParts, brokenUrls, urlPartsOf } from './url-parts.ts';

const EXTERNAL = { postgres: { mode: 'External', connectionSecretName: 'db' } };
const withEnv = (...env: object[]) => profileOf({ ...EXTERNAL, backend: { image: 'shop/backend:1', env } });
const secretOf = (data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'db', uid: '', resourceVersion: '' },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
});

describe('the parts of a URL', () => {
  it('are those of our DATABASE_URL, of the Secret that the profile names or of our own', () => {
    const keys = ['username', 'password', 'dbname'];
    expect(urlPartsOf(withEnv())).toEqual({ secret: 'db', keys });
    expect(urlPartsOf(profileOf())).toEqual({ secret: 'shop-postgres-app', keys });
  });

  it('are none where the URL comes from a Secret as a whole', () => {
    const uri = { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'db', key: 'uri' } } };
    expect(urlPartsOf(withEnv(uri))).toBeUndefined();
  });

  it('are those that the user puts into a URL', () => {
    const url = { name: 'DATABASE_URL', value: 'postgresql+asyncpg://shop:$(PGPASSWORD)@db/$(PGDATABASE)' };
    expect(urlPartsOf(withEnv(url))?.keys).toEqual(['password', 'dbname']);
    expect(urlPartsOf(withEnv(url, { name: 'PGDATABASE', value: 'shop' }))?.keys).toEqual(['password']);
  });
});

describe('a Secret that no URL takes', () => {
  const parts = { secret: 'db', keys: ['username', 'password', 'dbname'] } as const;
  const said = (data: Record<string, string>) =>
    brokenUrls(SYNTHESIS, brokenParts(parts, secretOf(data))).findings.slice(SYNTHESIS.findings.length);

  it('is told with its key and the way out, and without its value', () => {
    const [finding] = said({ username: 'app', password: 'p@ss', dbname: 'app' });
    expect(finding).toMatchObject({ id: 'DB-11', severity: 'Warning', path: 'backend.env' });
    expect(finding?.message).toMatch(/^password of Secret db holds a character/);
    expect(finding?.fix).toMatch(/^add a key uri .*, and give backend.env a DATABASE_URL that takes it by/);
    expect(JSON.stringify(finding)).not.toContain('p@ss');
  });

  it('is told of the URL that it has', () => {
    const [finding] = said({ username: 'a:b', password: 'p@ss', uri: 'postgresql://...' });
    expect(finding?.message).toMatch(/^username and password of Secret db hold a character .* as they are/);
    expect(finding?.fix).toMatch(/^give backend.env a DATABASE_URL that takes the key uri of Secret db by/);
  });

  it('is told of a line break at the end, which nobody sees', () => {
    expect(said({ password: 'pass\n' })).toHaveLength(1);
  });

  it('is the exception', () => {
    expect(said({ username: 'app', password: "aZ09-._~!$&'()*+,;=:", dbname: 'app/1' })).toEqual([]);
    expect(said({})).toEqual([]);
  });
});
