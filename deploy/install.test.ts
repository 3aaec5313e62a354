import { describe, expect, it } from 'vitest';
import { installManifests, renderInstall } from './install.ts';
import type { Manifest } from './manifest.ts';
import { OPERATOR, OPERATOR_NAMESPACE } from './names.ts';

interface Rule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
}

const kindsOf = (manifests: readonly Manifest[]) => manifests.map(({ kind }) => kind);
const rulesOf = (manifests: readonly Manifest[], kind: string) =>
  manifests.filter((manifest) => manifest.kind === kind).flatMap(({ rules }) => rules as Rule[]);
const verbsOf = (rules: readonly Rule[], resource: string) =>
  rules.filter(({ resources }) => resources.includes(resource)).flatMap(({ verbs }) => verbs);

describe('install.yaml', () => {
  it('takes another image', () => {
    expect(renderInstall({ image: 'example.org/pitcrew:1' })).toContain('image: example.org/pitcrew:1\n');
  });

  it('has the namespace and the custom resource before what needs them', () => {
    const kinds = kindsOf(installManifests());
    expect(kinds.slice(0, 2)).toEqual(['Namespace', 'CustomResourceDefinition']);
    expect(kinds.at(-1)).toBe('Deployment');
  });
});

describe('an operator of all namespaces', () => {
  const rules = rulesOf(installManifests(), 'ClusterRole');

  it('has no wildcard', () => {
    expect(JSON.stringify(rules)).not.toContain('*');
  });

  it('reads Secrets by name only, and never changes or deletes one', () => {
    expect(verbsOf(rules, 'secrets')).toEqual(['get', 'create']);
  });

  it('only looks at what the whole cluster shares', () => {
    expect(verbsOf(rules, 'nodes')).toEqual(['list', 'watch']);
    expect(verbsOf(rules, 'storageclasses')).toEqual(['list']);
  });

  it('deletes no data', () => {
    expect(verbsOf(rules, 'persistentvolumeclaims')).not.toContain('delete');
  });

  it('updates nothing as a whole', () => {
    const updating = rules.filter(({ verbs }) => verbs.includes('update')).flatMap(({ resources }) => resources);
    expect(updating).toEqual(['performanceprofiles/finalizers']);
  });
});

describe('an operator that stands for election', () => {
  it('reads and renews the one Lease of its own namespace', () => {
    const roles = installManifests().filter(({ kind }) => kind === 'Role');
    expect(roles.map(({ metadata }) => metadata.namespace)).toEqual([OPERATOR_NAMESPACE]);
    const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] };
    expect(rulesOf(roles, 'Role')).toEqual([
      { ...leases, verbs: ['create'] },
      { ...leases, resourceNames: ['pitcrew'], verbs: ['get', 'update'] },
    ]);
  });

  it('is known by the name of its pod', () => {
    expect(JSON.stringify(installManifests().at(-1))).toContain(
      '{"name":"POD_NAME","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}}',
    );
  });
});

describe('an operator of some namespaces', () => {
  const manifests = installManifests({ namespaces: ['blog', 'shop'] });

  it('has the same rights in each of them, and none elsewhere but to see nodes', () => {
    const roles = manifests.filter(({ kind, metadata }) => kind === 'Role' && metadata.name === OPERATOR);
    expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(['blog', 'shop']);
    const everywhere = JSON.stringify(rulesOf(installManifests(), 'ClusterRole'));
    for (const rule of rulesOf(roles, 'Role')) expect(everywhere).toContain(JSON.stringify(rule));
    expect(rulesOf(manifests, 'ClusterRole')).toEqual([
      { apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch'] },
    ]);
  });

  it('does without nodes where that is wished', () => {
    const blind = kindsOf(installManifests({ namespaces: ['shop'], readNodes: false }));
    expect(blind).not.toContain('ClusterRole');
    expect(blind).not.toContain('ClusterRoleBinding');
  });

  it('is told what to watch', () => {
    expect(JSON.stringify(manifests.at(-1))).toContain('{"name":"PITCREW_NAMESPACES","value":"blog,shop"}');
  });
});
