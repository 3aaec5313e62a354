import { describe, expect, it } from 'vitest';
import { databaseSecret, databaseSecretNames, newPassword, secretValue } from './credentials.ts';
import { OWNER } from './fixtures.ts';

const [app = '', monitor = ''] = databaseSecretNames(OWNER.name);

describe('the Secrets of the database', () => {
  it('carry the keys of CloudNativePG for the application', () => {
    const { metadata, stringData } = databaseSecret(OWNER, app, 'pa55');
    expect(metadata).toMatchObject({ name: 'shop-postgres-app', namespace: 'web' });
    expect(stringData).toEqual({
      username: 'app',
      password: 'pa55',
      host: 'shop-postgres.web.svc',
      port: '5432',
      dbname: 'app',
      uri: 'postgresql://app:pa55@shop-postgres.web.svc:5432/app',
    });
  });

  it('carry a login for the monitoring role', () => {
    const { metadata, stringData } = databaseSecret(OWNER, monitor, 'pa55');
    expect(metadata.name).toBe('shop-postgres-monitor');
    expect(stringData).toEqual({ username: 'pitcrew_monitor', password: 'pa55' });
  });

  it('are owned by nobody, so that they outlive the profile', () => {
    for (const name of [app, monitor])
      expect(databaseSecret(OWNER, name, 'x').metadata).not.toHaveProperty('ownerReferences');
  });

  it('have passwords that need no escaping and never come twice', () => {
    const passwords = Array.from({ length: 100 }, newPassword);
    for (const password of passwords) expect(password).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(new Set(passwords).size).toBe(100);
  });

  it('are read as the server sends them', () => {
    const secret = { data: { username: Buffer.from('app').toString('base64') } };
    expect(secretValue(secret, 'username')).toBe('app');
    expect(secretValue(secret, 'password')).toBeUndefined();
    expect(secretValue({}, 'password')).toBeUndefined();
  });
});
