import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type InstallChoice, installManifests, renderInstall } from '../../deploy/install.ts';
import { EXAMPLE_NAMESPACE } from '../../deploy/kustomize.ts';
import { CASES, CHART, caseNames, comparable, helm, helmTemplate, kustomizeBuild, objectsIn } from './channels.ts';

/** Every way of installing yields the same objects. Helm and Kustomize are the real programs. */

/** The namespace of a release is made by Helm. */
const withoutNamespace = (choice: InstallChoice) =>
  comparable(installManifests(choice).filter(({ kind }) => kind !== 'Namespace'));
const everything = comparable(objectsIn(renderInstall()));

describe('install.yaml', () => {
  it('has a value for each field', () => {
    expect(renderInstall()).not.toMatch(/: (null|undefined)$|\{\{/m);
  });
});

describe('Kustomize', () => {
  it('yields the same for all namespaces', async () => {
    expect(comparable(objectsIn(await kustomizeBuild('cluster-wide')))).toEqual(everything);
  });

  it('yields the same for some namespaces', async () => {
    const wanted = comparable(installManifests({ namespaces: [EXAMPLE_NAMESPACE] }));
    expect(comparable(objectsIn(await kustomizeBuild('namespaced')))).toEqual(wanted);
  });
});

/** What the values of each case are in the words of the source. */
const CHOICES: Readonly<Record<string, InstallChoice>> = {
  default: {},
  namespaced: { namespaces: ['shop', 'blog'] },
  all: {
    image: `registry.example/pitcrew@sha256:${'0123456789abcdef'.repeat(4)}`,
    imagePullSecrets: [{ name: 'registry' }],
    replicas: 0,
    logLevel: 'debug',
    namespaces: ['shop'],
    readNodes: false,
    metrics: { service: true, serviceMonitor: true },
    resources: { requests: { cpu: '1', memory: '200Mi' }, limits: { memory: '512Mi' } },
    heapMiB: '307',
    nodeSelector: { 'kubernetes.io/arch': 'amd64' },
    tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'web', effect: 'NoSchedule' }],
  },
};

describe('the Helm chart', () => {
  it('has no warning', async () => {
    expect(await helm('lint', '--strict', CHART)).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it('has a case for each choice', () => {
    expect(caseNames().toSorted()).toEqual(Object.keys(CHOICES).toSorted());
  });

  it.each(Object.entries(CHOICES))('yields the same with the values of %s', async (name, choice) => {
    const text = await helmTemplate('--values', join(CASES, `${name}.values.yaml`));
    expect(comparable(objectsIn(text))).toEqual(withoutNamespace(choice));
  });

  it.each(Object.keys(CHOICES))('yields what was reviewed with the values of %s', async (name) => {
    const show = ['rights', 'operator'].flatMap((part) => ['--show-only', `templates/${part}.yaml`]);
    const text = await helmTemplate('--values', join(CASES, `${name}.values.yaml`), ...show);
    const file = join(CASES, `${name}.yaml`);
    if (process.env.UPDATE_GOLDEN !== undefined) writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  it('keeps the custom resource when the release goes, and nothing else', async () => {
    const kept = objectsIn(await helmTemplate()).filter(
      ({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep',
    );
    expect(kept.map(({ kind }) => kind)).toEqual(['CustomResourceDefinition']);
  });

  it('labels what is its own, but not the pods, which another version of the chart would replace', async () => {
    for (const { kind, metadata, spec } of objectsIn(await helmTemplate())) {
      expect(metadata.labels, kind).toMatchObject({ 'app.kubernetes.io/managed-by': 'Helm' });
      expect(JSON.stringify(spec ?? {}), kind).not.toContain('helm.sh/');
    }
  });
});

describe('wrong values', () => {
  it.each([
    ['replicas=-1', "at '/replicas': minimum: got -1, want 0"],
    ['logLevel=loud', "at '/logLevel': value must be one of 'debug', 'info', 'warn', 'error', 'silent'"],
    ['watchNamespaces={Shop}', "at '/watchNamespaces/0': 'Shop' does not match pattern"],
    ['watchNamespaces={shop,shop}', "at '/watchNamespaces': items at 0 and 1 are equal"],
    ['watchNamespaces=shop', "at '/watchNamespaces': got string, want array"],
    ['image.digest=abcd', "at '/image/digest': 'abcd' does not match pattern"],
    ['image.repository=', "at '/image/repository': minLength: got 0, want 1"],
    ['resources.limits.memory=1Gi', "at '/resources/limits/memory': '1Gi' does not match pattern"],
    ['resources.requests.cpu=1', "at '/resources/requests/cpu': got number, want string"],
    ['watchNamespace={shop}', "additional properties 'watchNamespace' not allowed"],
  ])('%s is refused by name', async (setting, message) => {
    await expect(helmTemplate('--set', setting)).rejects.toThrow(message);
  });

  it('refuses a namespace in which the operator would reach no stack', async () => {
    await expect(helm('template', 'pitcrew', CHART, '-n', 'elsewhere')).rejects.toThrow(
      /must be installed into the namespace pitcrew-system, not elsewhere: .*; add -n pitcrew-system --create-namespace/,
    );
  });
});
