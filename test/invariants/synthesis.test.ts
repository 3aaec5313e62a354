import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_FACTS } from '../../charts/facts.ts';
import { PROFILE_LABEL, TIER_LABEL } from '../../charts/kit/labels.ts';
import type { DesiredObject } from '../../charts/object.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { validProfile } from '../support/arbitrary.ts';

/** What holds for every profile that the schema lets through. */
const objectsOf = (profile: Profile): DesiredObject[] =>
  synthesize(profile, DEFAULT_FACTS).objects.map(({ object }) => object);
/** Random profiles, the same in each run; a failure prints the profile itself. Fewer than the fuzzer takes, so that `make check` stays quick. */
const PROFILES = fc.sample(validProfile, { numRuns: 60, seed: 20_261_124 });

function forAll(holds: (profile: Profile) => void): void {
  for (const profile of PROFILES) {
    try {
      holds(profile);
    } catch (error) {
      throw new Error(`not for ${JSON.stringify(profile.spec)}`, { cause: error });
    }
  }
}

interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string> };
  readonly spec: {
    readonly securityContext: { readonly runAsNonRoot?: boolean; readonly seccompProfile?: { readonly type: string } };
    readonly automountServiceAccountToken?: boolean;
    readonly containers: Container[];
    readonly initContainers?: Container[];
  };
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: string;
  readonly resources?: { readonly requests?: object; readonly limits?: object };
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop?: string[] };
  };
}

const templatesOf = (objects: DesiredObject[]): PodTemplate[] =>
  objects.flatMap((object) => (object.spec as { template?: PodTemplate } | undefined)?.template ?? []);

function holes(value: unknown, path = ''): string[] {
  if (value === null || value === undefined || Number.isNaN(value)) return [path];
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, child]) => holes(child, `${path}.${key}`));
}

describe('for every valid profile', () => {
  it('the same input gives the same bytes, in any order of its keys', () => {
    forAll((profile) => {
      const reversed = JSON.parse(JSON.stringify(profile), (_key, value: unknown) =>
        value !== null && typeof value === 'object' && !Array.isArray(value)
          ? Object.fromEntries(Object.entries(value).reverse())
          : value,
      ) as Profile;
      expect(JSON.stringify(objectsOf(reversed))).toBe(JSON.stringify(objectsOf(profile)));
    });
  });

  it('names are unique, ours and in the profile’s namespace; nothing is null; nothing carries Argo CD’s label', () => {
    forAll((profile) => {
      const objects = objectsOf(profile);
      expect(new Set(objects.map((object) => `${object.kind}/${object.metadata.name}`)).size).toBe(objects.length);
      for (const object of objects) {
        expect(object.metadata.name).toMatch(/^shop-(edge|backend|frontend|postgres|migrate)(-[a-z0-9-]+)?$/);
        expect(object.metadata.namespace).toBe('shop');
        expect(object.metadata.labels?.[PROFILE_LABEL]).toBe('shop');
        expect(object.metadata.labels).not.toHaveProperty('app.kubernetes.io/instance');
        expect(holes(object), object.metadata.name).toEqual([]);
      }
    });
  });

  it('every pod is restricted, with a read-only root, and says what it needs', () => {
    forAll((profile) => {
      for (const { spec } of templatesOf(objectsOf(profile))) {
        expect(spec.securityContext).toMatchObject({
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        });
        expect(spec.automountServiceAccountToken).toBe(false);
        for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
          expect(container.securityContext).toMatchObject({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
          expect(Object.keys(container.resources?.requests ?? {}).sort()).toEqual(['cpu', 'memory']);
          expect(container.imagePullPolicy).toBe('IfNotPresent');
        }
      }
    });
  });

  it('selectors are the two labels of ours, and every Service finds pods of its tier', () => {
    forAll((profile) => {
      const objects = objectsOf(profile);
      const pods = templatesOf(objects).map((template) => template.metadata.labels);
      for (const service of objects.filter((object) => object.kind === 'Service')) {
        const { selector } = service.spec as { selector: Record<string, string> };
        expect(Object.keys(selector).sort()).toEqual([PROFILE_LABEL, TIER_LABEL]);
        expect(
          pods.filter((labels) => Object.entries(selector).every(([key, value]) => labels[key] === value)),
        ).toHaveLength(1);
      }
    });
  });

  it('no effective value is missing and derivation is total', () => {
    forAll((profile) => {
      const { effective, findings } = synthesize(profile, DEFAULT_FACTS);
      expect(effective.every((entry) => entry.value !== undefined)).toBe(true);
      for (const finding of findings) expect(finding.message + finding.fix).not.toMatch(/NaN|undefined|Infinity/);
    });
  });
});
