import { App, Chart } from 'cdk8s';
import type { Tier } from './kit/labels.ts';
import { withNewerFields } from './kit/newer-fields.ts';
import type { DesiredObject } from './object.ts';
import type { Requirement } from './requirement.ts';
import type { Stack } from './stack.ts';
import { addBackend, backendRequirements } from './tiers/backend/chart.ts';
import { addEdge, edgeRequirements } from './tiers/edge/chart.ts';
import { addFrontend, frontendRequirements } from './tiers/frontend/chart.ts';
import { addPostgres } from './tiers/postgres/chart.ts';

/** All objects of a stack, in no particular order, and the hash of each tier's configuration. */
export interface Charted {
  readonly objects: readonly DesiredObject[];
  readonly configHashes: Partial<Readonly<Record<Tier, string>>>;
  readonly requires: readonly Requirement[];
}

/** Builds the four tiers in one chart. Touches no disk: `toJson` only. */
export function chartStack(stack: Stack): Charted {
  const app = new App();
  const chart = new Chart(app, stack.name, { disableResourceNameHashes: true });
  const hashes = {
    postgres: addPostgres(chart, stack),
    backend: addBackend(chart, stack),
    frontend: addFrontend(chart, stack),
    edge: addEdge(chart, stack),
  };
  return {
    objects: (chart.toJson() as DesiredObject[]).map(withNewerFields),
    configHashes: Object.fromEntries(Object.entries(hashes).filter(([, hash]) => hash !== undefined)),
    requires: [...edgeRequirements(stack), ...backendRequirements(stack), ...frontendRequirements(stack)],
  };
}
