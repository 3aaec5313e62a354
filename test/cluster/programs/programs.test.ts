import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { programFolder } from './build.ts';
import { corednsSet, kubernetesSet, versions } from './catalog.ts';
import { type Machine, prerequisiteProblems } from './prerequisites.ts';

describe('programs', () => {
  const goMod = readFileSync(join(import.meta.dirname, '..', 'go', 'kubernetes', 'go.mod'), 'utf8');

  test('the stamped version of Kubernetes is the built one', () => {
    expect(goMod).toContain(`k8s.io/kubernetes v${versions.kubernetes}`);
    expect(kubernetesSet.linkerFlags).toContain(`k8s.io/component-base/version.gitVersion=v${versions.kubernetes}`);
  });

  test('every program is a tool of go.mod', () => {
    for (const path of Object.values(kubernetesSet.programs)) expect(goMod).toContain(`\t${path}\n`);
  });

  test('another version or flag is another folder of the cache', () => {
    const newer = { ...corednsSet, source: { version: '9.9.9' } };
    const other = { ...corednsSet, linkerFlags: [] };
    expect(new Set([corednsSet, newer, other].map(programFolder)).size).toBe(3);
    expect(programFolder(corednsSet)).toMatch(/\/coredns-[0-9a-f]{12}$/);
  });
});

describe('prerequisites', () => {
  const fit: Machine = {
    platform: 'linux',
    uid: 0,
    mustBuild: true,
    goVersion: 'go1.26.8',
    hasApt: true,
    missingPackages: ['runc'],
  };

  test('a fit machine has no problems', () => {
    expect(prerequisiteProblems(fit)).toEqual([]);
    expect(prerequisiteProblems({ ...fit, goVersion: 'go1.25' })).toEqual([]);
  });

  test('everything that is missing is named at once', () => {
    const bare = { platform: 'darwin', uid: 501, mustBuild: true, goVersion: undefined, hasApt: false };
    const problems = prerequisiteProblems({ ...bare, missingPackages: ['containerd', 'runc'] });
    expect(problems).toHaveLength(4);
    expect(problems.join('\n')).toMatch(/Linux.*\n.*sudo.*\n.*Go 1\.25.*\n.*containerd, runc/);
  });

  test('an old Go is refused, unless everything is built', () => {
    expect(prerequisiteProblems({ ...fit, goVersion: 'go1.24.9' })[0]).toMatch(/this is go1\.24\.9/);
    expect(prerequisiteProblems({ ...fit, goVersion: undefined, mustBuild: false })).toEqual([]);
  });
});
