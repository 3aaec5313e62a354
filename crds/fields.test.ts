import { describe, expect, it } from 'vitest';
import { quantityBetween } from './fields.ts';

describe('a bounded quantity', () => {
  const field = quantityBetween('1Ki', '8Mi');

  it.each(['1Ki', 1024, '1024', '8Mi', '8192Ki', '1.5M', 8_388_608])('takes %s', (value) => {
    expect(field.safeParse(value).success).toBe(true);
  });

  it.each([0, 1023, '1023', '1000', '8.001Mi', '9M', 8_388_609, '1Gi', '1000000m'])(
    'refuses %s, with both bounds',
    (value) => {
      expect(field.safeParse(value).error?.issues[0]?.message).toBe('must be a quantity between 1Ki and 8Mi');
    },
  );

  it.each(['', '-1Ki', '1 Ki', '1kb', 'Ki', '1e9', null])('refuses %j', (value) => {
    expect(field.safeParse(value).success).toBe(false);
  });
});
