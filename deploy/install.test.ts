import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RESOURCES } from '../controller/cluster/resources.ts';
import { DEFAULT_IMAGE, installManifests } from './operator.ts';
import { renderInstall } from './render.ts';

interface Rule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
}

const manifests = installManifests({ image: DEFAULT_IMAGE });
const rules = manifests.find(({ kind }) => kind === 'ClusterRole')?.rules as Rule[];
const verbsOf = (resource: string) =>
  rules.filter(({ resources }) => resources.includes(resource)).flatMap(({ verbs }) => verbs);

describe('install.yaml', () => {
  it('is what the sources say', () => {
    expect(readFileSync(new URL('install.yaml', import.meta.url), 'utf8')).toBe(
      renderInstall({ image: DEFAULT_IMAGE }),
    );
  });

  it('takes another image', () => {
    expect(renderInstall({ image: 'example.org/pitcrew:1' })).toContain('image: example.org/pitcrew:1\n');
  });
});

describe('rights', () => {
  it('has no wildcard', () => {
    expect(JSON.stringify(rules)).not.toContain('*');
  });

  it('reads Secrets by name only, and never changes or deletes one', () => {
    expect(verbsOf('secrets')).toEqual(['get', 'create']);
  });

  it('only looks at what the whole cluster shares', () => {
    expect(verbsOf('nodes')).toEqual(['get', 'list', 'watch']);
    expect(verbsOf('storageclasses')).toEqual(['list']);
  });

  it('deletes no data', () => {
    expect(verbsOf('persistentvolumeclaims')).not.toContain('delete');
  });

  it('updates nothing as a whole', () => {
    const updating = rules.filter(({ verbs }) => verbs.includes('update')).flatMap(({ resources }) => resources);
    expect(updating).toEqual(['performanceprofiles/finalizers']);
  });

  it.each(['configmaps', 'services', 'deployments', 'statefulsets', 'jobs', 'networkpolicies', 'ingresses'])(
    'may make, change and remove %s',
    (resource) => {
      expect(Object.values(RESOURCES).map(({ plural }) => plural)).toContain(resource);
      expect(verbsOf(resource)).toEqual(expect.arrayContaining(['list', 'watch', 'create', 'patch', 'delete']));
    },
  );
});
