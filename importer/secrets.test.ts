import { describe, expect, it } from 'vitest';
import { isSecret, isSecretValue, Vault } from './secrets.ts';

describe('a secret', () => {
  it.each([
    ['SECRET_KEY', 'abc'],
    ['db_password', 'abc'],
    ['STRIPE_API_KEY', 'abc'],
    ['SENTRY_DSN', 'abc'],
    ['ANYTHING', 'postgresql://shop:pw@db/shop'],
    ['ANYTHING', 'https://token@host/'],
    ['ANYTHING', 'Server=db;Password=abc'],
    ['ANYTHING', 'eyJhbGciOiJIUzI1NiJ9.e30.x'],
    ['ANYTHING', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'],
    ['ANYTHING', '9f8c1d2e3b4a5f60718293a4b5c6d7e8'],
    ['ACCESS_TOKEN_EXPIRE_MINUTES', 'Zq7-uPx9_vL3mW5k'],
  ])('is %s=%s', (name, value) => expect(isSecret(name, value)).toBe(true));

  it.each([
    ['LOG_LEVEL', 'info'],
    ['ACCESS_TOKEN_EXPIRE_MINUTES', '30'],
    ['JWT_ALGORITHM', 'HS256'],
    ['SESSION_COOKIE_NAME', 'shop_session'],
    ['ALLOWED_ORIGINS', 'https://shop.example,https://www.shop.example'],
    ['DJANGO_SETTINGS_MODULE', 'booking.settings.production'],
    ['PATH_TO_FILES', '/var/lib/application/production/uploads'],
    ['DATABASE_URL', 'postgresql+asyncpg://$(PGUSER):$(PGPASSWORD)@$(PGHOST):$(PGPORT)/$(PGDATABASE)'],
  ])('is not %s=%s', (name, value) => expect(isSecret(name, value)).toBe(false));

  it('is no path of a URL, unless a step of it is one', () => {
    expect(isSecretValue('/api/v1/products/recommended/')).toBe(false);
    expect(isSecretValue('/hooks/9f8c1d2e3b4a5f60718293a4b5c6d7e8/')).toBe(true);
  });
});

describe('the vault', () => {
  it('finds a value again, also that of a URL, and the longer of two first', () => {
    const vault = new Vault();
    for (const value of ['hunter2', 'hunter2-long', 'redis://u:p%40ssword@h/']) vault.add(value);
    expect(vault.scrubbed('a hunter2-long b hunter2 c p@ssword d p%40ssword')).toBe('a … b … c … d …');
  });

  it('lets names be, and what is too short to be one', () => {
    const vault = new Vault();
    for (const value of ['bookings', 'abc']) vault.add(value);
    vault.allow(['bookings']);
    expect(vault.holds('services.bookings.abc')).toBe(false);
  });
});
