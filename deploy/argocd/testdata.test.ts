import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseProfile } from '../../crds/performance-profile.ts';
import { type Condition, type Status, statusSchema } from '../../crds/status.ts';
import { TESTDATA } from './testdata.ts';

const profiles = Object.entries(TESTDATA).map(([path, text]) => ({
  path,
  profile: parse(text()) as { readonly status?: Status },
}));

describe('the profiles that the scripts are tested with', () => {
  it.each(profiles)('$path could be in a cluster', ({ profile }) => {
    expect(parseProfile(profile)).not.toHaveProperty('issues');
    expect(statusSchema.safeParse(profile.status ?? {})).toMatchObject({ success: true });
  });

  it.each(profiles)('$path is not both under way and stalled', ({ profile }) => {
    const isTrue = (type: Condition['type']) =>
      profile.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
    expect(isTrue('Reconciling') && isTrue('Stalled')).toBe(false);
  });
});
