import { describe, expect, it } from 'vitest';
import { diagnose } from './diagnosis.ts';
import { diagnosisText } from './diagnosis-text.ts';

const HEAD = 'apiVersion: performance.bahamm.ir/v1alpha1\nkind: PerformanceProfile\nmetadata: {name: shop}\nspec:\n';
const GOOD = {
  edge: '  edge: {hosts: [shop.example]}',
  backend: '  backend: {image: shop:1}',
  postgres: '  postgres: {storage: {size: 20Gi}}',
};

/** A profile with one of its tiers written differently. */
function problemsOf(changed: Partial<typeof GOOD> & { more?: string }): string[] {
  const { more = '', ...tiers } = { ...GOOD, ...changed };
  return diagnose(`${HEAD}${Object.values(tiers).join('\n')}\n${more}`).map(
    ({ line, column, path, problem, fix }) => `${line}:${column} ${path}: ${problem} → ${fix}`,
  );
}

describe('diagnose', () => {
  it.each<[string, Parameters<typeof problemsOf>[0], string]>([
    [
      'a number above its bound',
      { backend: '  backend: {image: shop:1, workers: 64}' },
      '6:37 spec.backend.workers: 64 is more than the greatest that is possible, 32 → write a whole number from 1 to 32',
    ],
    [
      'a number below its bound',
      { backend: '  backend: {image: shop:1, workers: 0}' },
      '6:37 spec.backend.workers: 0 is less than the least that is possible, 1 → write a whole number from 1 to 32',
    ],
    [
      'a fraction',
      { backend: '  backend: {image: shop:1, workers: 1.5}' },
      '6:37 spec.backend.workers: 1.5 is not a whole number from 1 to 32 → write a whole number from 1 to 32',
    ],
    [
      'a number in quotes',
      { backend: '  backend: {image: shop:1, workers: "4"}' },
      '6:37 spec.backend.workers: 4 is text, not a whole number from 1 to 32 → write 4 without quotes (a whole number from 1 to 32)',
    ],
    [
      'a field with a typo',
      { backend: '  backend: {image: shop:1, worker: 4}' },
      '6:28 spec.backend.worker: backend has no field worker; did you mean workers? → rename or remove it',
    ],
    [
      'a field in the wrong place',
      { more: '  workers: 4\n' },
      '8:3 spec.workers: spec has no field workers; did you mean backend.workers? → rename or remove it',
    ],
    [
      'a field that is missing',
      { backend: '  backend: {workers: 4}' },
      '6:3 spec.backend.image: is missing → add image: a container image: registry.example/shop:2.0',
    ],
    [
      'a field that is empty',
      { backend: '  backend:\n    image:\n    workers: 4' },
      '7:11 spec.backend.image: is empty → write a container image: registry.example/shop:2.0',
    ],
    ['a tier that is missing', { postgres: '' }, '4:1 spec.postgres: is missing → add postgres with any of '],
    [
      'a word that is none of the values',
      { edge: '  edge: {hosts: [a.example], service: {type: Loadbalancer}}' },
      '5:46 spec.edge.service.type: Loadbalancer is none of its values; did you mean LoadBalancer? → write one of LoadBalancer, NodePort, ClusterIP',
    ],
    [
      'an item of a list',
      { edge: '  edge: {hosts: [a.example, Shop.example]}' },
      '5:29 spec.edge.hosts[1]: Shop.example is not a host name in lower case: shop.example → write shop.example',
    ],
    [
      'a list without items',
      { edge: '  edge: {hosts: []}' },
      '5:17 spec.edge.hosts: 0 items are less than the least that is possible, 1 → write a list of 1 to 50',
    ],
    [
      'Kubernetes units for PostgreSQL',
      { postgres: '  postgres: {storage: {size: 20Gi}, parameters: {sharedBuffers: 256Mi}}' },
      '7:65 spec.postgres.parameters.sharedBuffers: 256Mi is not a size between 128kB and 1TB in kB, MB, GB or TB (powers of 1024) → write 256MB',
    ],
    [
      'PostgreSQL units for Kubernetes',
      { postgres: '  postgres: {storage: {size: 20GB}}' },
      '7:30 spec.postgres.storage.size: 20GB is not the size of a volume: 20Gi → write 20Gi',
    ],
    [
      'a number where YAML needs quotes',
      { postgres: '  postgres: {storage: {size: 20Gi}, parameters: {randomPageCost: 1.1}}' },
      'spec.postgres.parameters.randomPageCost: 1.1 is a number, not text → write "1.1"',
    ],
    [
      'a rule of ours across fields',
      { backend: '  backend: {image: shop:1, maxRequests: 1000, maxRequestsJitter: 2000}' },
      '6:12 spec.backend: maxRequestsJitter must not exceed maxRequests → lower it, or raise maxRequests',
    ],
    [
      'an acknowledgement without a reason',
      { more: '  policy: {acknowledge: [INV-05]}\n' },
      '8:11 spec.policy: an acknowledgement needs a reason → set spec.policy.reason',
    ],
  ])('%s', (_, changed, expected) => {
    const problems = problemsOf(changed);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });

  it('says everything at once, in the order of the lines', () => {
    const problems = problemsOf({
      edge: '  edge: {hosts: [A.example]}',
      backend: '  backend: {image: shop:1, worker: 4, replicas: 0}',
    });
    expect(problems.map((problem) => problem.split(' ')[1])).toEqual([
      'spec.edge.hosts[0]:',
      'spec.backend.worker:',
      'spec.backend.replicas:',
    ]);
  });

  it.each([
    ['a: b\n  c: [d\n', 1, 'this is no YAML'],
    ['spec:\n\tedge: {}\n', 2, 'this is no YAML'],
    ['a: 1\na: 2\n', 2, 'this is no YAML: Map keys must be unique'],
    [
      'kind: PerformanceProfil\n',
      1,
      'there is no PerformanceProfile in it, only PerformanceProfil; did you mean PerformanceProfile?',
    ],
    ['kind: Service\n---\nkind: Secret\n', 1, 'there is no PerformanceProfile in it, only Service, Secret'],
    ['', 1, 'there is no PerformanceProfile in it'],
    ['just text\n', 1, 'there is no PerformanceProfile in it'],
    ['[1, 2]\n', 1, 'there is no PerformanceProfile in it'],
    [HEAD.replace('shop', 'Shop_1'), 3, 'Shop_1 cannot be: must be a DNS label'],
    [HEAD.replace('v1alpha1', 'v1'), 1, 'performance.bahamm.ir/v1 is not a version that this pitcrew knows'],
    [HEAD.replace('spec:', 'sepc:'), 4, 'there is no such field beside spec; did you mean spec?'],
  ])('%j', (text, line, problem) => {
    expect(diagnose(text)).toContainEqual(
      expect.objectContaining({ line, problem: expect.stringContaining(problem), fix: expect.any(String) }),
    );
  });

  it('is written so that an editor can jump to it', () => {
    const text = diagnosisText({ columns: 80, colour: false }, 'a.yaml', diagnose('kind: Service\n'));
    expect(text).toMatch(/^a\.yaml:1:1:\n {2}kind: there is no/);
    expect(text).toMatch(/1 problem to mend\. Exit 1\.\n$/);
  });
});
