import { edgeMemory } from '../edge-memory.ts';
import { type Fix, type Rule, type RuleInput, violationsOf } from '../findings.ts';
import { EDGE_CACHE_RULES } from './edge-cache.ts';
import { EDGE_IDENTITY_RULES } from './edge-identity.ts';
import { EDGE_LIMIT_RULES } from './edge-limits.ts';
import { EDGE_PATH_RULES } from './edge-paths.ts';
import { EDGE_PROCESS_RULES } from './edge-process.ts';
import { afterFix } from './trial.ts';

/** All rules of the edge: first what leaks, then who is counted and how, then what is kept, then nginx itself. */
export const EDGE_RULES: readonly Rule[] = [
  ...EDGE_PATH_RULES,
  ...EDGE_IDENTITY_RULES,
  ...EDGE_LIMIT_RULES,
  ...EDGE_CACHE_RULES,
  ...EDGE_PROCESS_RULES,
].map(withRoomForFixes);

/** What a fix adds in zones, buffers or workers may be more than the memory limit has room for; then it brings the memory along. */
function withRoomForFixes(rule: Rule): Rule {
  return {
    ...rule,
    check: (input) =>
      violationsOf(rule.check(input)).map((violation) => ({
        ...violation,
        fixes: violation.fixes.map((fix) => withRoom(input, fix)),
      })),
  };
}

function withRoom(input: RuleInput, fix: Fix): Fix {
  const [before, after] = [edgeMemory(input), edgeMemory(afterFix(input, fix))];
  const isTight = after.neededMiB > after.usableMiB && before.neededMiB <= before.usableMiB;
  return isTight ? { ...fix, 'edge.resources.limits.memory': `${after.neededLimitMiB}Mi` } : fix;
}
