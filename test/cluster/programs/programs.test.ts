import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyAssets } from './assets.ts';
import { programFolder } from './build.ts';
import { argoCdSet, corednsSet, helmSet, kubernetesSet, kustomizeSet, type ProgramSet, versions } from './catalog.ts';
import { type Machine, prerequisiteProblems } from './prerequisites.ts';

describe('programs', () => {
  const goModOf = ({ source }: ProgramSet) => {
    const folder = 'folder' in source ? source.folder : '';
    return readFileSync(join(import.meta.dirname, '..', 'go', folder, 'go.mod'), 'utf8');
  };
  const pinned = [
    { set: kubernetesSet, module: 'k8s.io/kubernetes', version: versions.kubernetes },
    { set: helmSet, module: 'helm.sh/helm/v4', version: versions.helm },
    { set: kustomizeSet, module: 'sigs.k8s.io/kustomize/kustomize/v5', version: versions.kustomize },
    { set: argoCdSet, module: 'github.com/argoproj/argo-cd/v3', version: versions.argoCd },
  ];

  test.each(pinned)('the stamped version of $module is the built one', ({ set, module, version }) => {
    expect(goModOf(set)).toContain(`\t${module} v${version}`);
    expect(set.linkerFlags.join(' ')).toMatch(new RegExp(`ersion=v?${version.replaceAll('.', '\\.')}( |$)`));
  });

  test.each(pinned)('every program of $set.name is a tool of go.mod', ({ set }) => {
    const [, block = ''] = /^tool \(?([^)]*?)(?:\)|\n\n)/m.exec(goModOf(set)) ?? [];
    const tools = block.split('\n').map((line) => line.trim());
    expect(tools).toEqual(expect.arrayContaining(Object.values(set.programs)));
  });

  test('another version or flag is another folder of the cache', () => {
    const newer = { ...corednsSet, source: { version: '9.9.9' } };
    const other = { ...corednsSet, linkerFlags: [] };
    expect(new Set([corednsSet, newer, other].map(programFolder)).size).toBe(3);
    expect(programFolder(corednsSet)).toMatch(/\/coredns-[0-9a-f]{12}$/);
  });

  test('what a program needs of its module is put beside it, runnable where it is a script', () => {
    const folder = mkdtempSync(join(tmpdir(), 'assets-'));
    const [source, target] = [join(folder, 'module'), join(folder, 'cache')];
    mkdirSync(join(source, 'manifests/crds'), { recursive: true });
    writeFileSync(join(source, 'manifests/crds/one.yaml'), 'kind: One', { mode: 0o444 });
    writeFileSync(join(source, 'run.sh'), 'exit 0', { mode: 0o444 });
    const copy = () => copyAssets(source, { 'manifests/crds': 'crds', 'run.sh': 'run.sh' }, target);
    copy();
    writeFileSync(join(target, 'crds/stale.yaml'), 'kind: Stale');
    copy();
    expect(readdirSync(target, { recursive: true }).sort()).toEqual(['crds', 'crds/one.yaml', 'run.sh']);
    const modeOf = (path: string) => statSync(join(target, path)).mode & 0o777;
    expect([modeOf('crds'), modeOf('crds/one.yaml'), modeOf('run.sh')]).toEqual([0o755, 0o644, 0o755]);
    rmSync(folder, { recursive: true });
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
