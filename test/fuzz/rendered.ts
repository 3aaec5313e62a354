import fc from 'fast-check';
import { DEFAULT_FACTS } from '../../charts/facts.ts';
import type { DesiredObject } from '../../charts/object.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { validProfile } from '../support/arbitrary.ts';

/** Random profiles and what each server is given of them, taken from the very objects that are applied. */
export interface Rendered {
  readonly profile: Profile;
  readonly objects: readonly DesiredObject[];
  readonly nginxConf: string;
  /** gunicorn's command, and the file that it names. */
  readonly gunicorn: { readonly command: readonly string[]; readonly config: string };
  /** Undefined where the database is not ours, or where the rule book refuses what it would be told. */
  readonly postgresqlConf: string | undefined;
}

/** `count` profiles of one seed; the same seed gives the same profiles. */
export function renderMany(count: number, seed: number): Rendered[] {
  return fc.sample(validProfile, { numRuns: count, seed }).map(render);
}

/** Rules about what PostgreSQL itself takes: parameters that it knows, values that its version has. */
const SERVER_RULES = new Set(['INV-22', 'INV-23', 'INV-13']);

function render(profile: Profile): Rendered {
  const { objects: placed, findings } = synthesize(profile, DEFAULT_FACTS);
  const objects = placed.map(({ object }) => object);
  const isRefused = findings.some(({ id, severity }) => severity === 'Error' && SERVER_RULES.has(id));
  return {
    profile,
    objects,
    nginxConf: configOf(objects, 'shop-edge-config')?.['nginx.conf'] ?? '',
    gunicorn: {
      command: commandOf(objects, 'shop-backend'),
      config: configOf(objects, 'shop-backend-config')?.['gunicorn.conf.py'] ?? '',
    },
    postgresqlConf: isRefused ? undefined : configOf(objects, 'shop-postgres-config')?.['postgresql.conf'],
  };
}

function configOf(objects: readonly DesiredObject[], name: string): Record<string, string> | undefined {
  const found = objects.find((object) => object.kind === 'ConfigMap' && object.metadata.name === name);
  return found?.data as Record<string, string> | undefined;
}

function commandOf(objects: readonly DesiredObject[], name: string): string[] {
  const found = objects.find((object) => object.kind === 'Deployment' && object.metadata.name === name);
  const spec = found?.spec as { template: { spec: { containers: Array<{ command: string[] }> } } } | undefined;
  return spec?.template.spec.containers[0]?.command ?? [];
}
