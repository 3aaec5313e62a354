import { mebibytes, pgKilobytes } from '../../crds/units.ts';
import type { RuleInput } from '../findings.ts';
import { FILL, postgresMemory } from '../postgres-memory.ts';
import { postgresManaged } from '../stack.ts';

/** Whether PostgreSQL's memory is refused; asked by the rules themselves and by all whose fixes could bring it about. */

/** INV-10. */
export const expectedTooLarge = ({ spec, effective }: RuleInput): boolean => {
  if (!postgresManaged(spec)) return false;
  const { expected, limit } = postgresMemory(effective);
  return expected > FILL * limit;
};

export const worstTooLarge = ({ spec, effective }: RuleInput): boolean => {
  if (!postgresManaged(spec)) return false;
  const { worst, limit } = postgresMemory(effective);
  return worst > limit;
};

/** INV-13: share of the limit that sharedBuffers take. */
export const bufferShare = ({ effective }: RuleInput): number =>
  pgKilobytes(effective.value('postgres.parameters.sharedBuffers')) /
  1024 /
  Math.max(1, mebibytes(effective.value('postgres.resources.limits.memory')));

export const buffersTooLarge = (input: RuleInput): boolean => postgresManaged(input.spec) && bufferShare(input) > 0.5;
