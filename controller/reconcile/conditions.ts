import type { Condition, ConditionType } from '../../crds/status.ts';
import type { Reason } from './reasons.ts';

/** A condition without its bookkeeping. */
export interface Claim {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: Reason;
  readonly message: string;
}

/** Longer messages help nobody, and the schema has a bound. */
const MAX_MESSAGE = 4_096;

/** Adds observedGeneration and lastTransitionTime, which moves only when the status flips. Pure. */
export function settleConditions(
  claims: readonly Claim[],
  before: readonly Condition[],
  { generation, now }: { readonly generation: number; readonly now: Date },
): Condition[] {
  return claims.map((claim) => {
    const previous = before.find(({ type }) => type === claim.type);
    const kept = previous?.status === claim.status ? previous.lastTransitionTime : undefined;
    return {
      type: claim.type,
      status: claim.status,
      reason: claim.reason,
      message: claim.message.length > MAX_MESSAGE ? `${claim.message.slice(0, MAX_MESSAGE - 1)}…` : claim.message,
      observedGeneration: generation,
      lastTransitionTime: kept ?? timestamp(now),
    };
  });
}

/** As Kubernetes writes times: whole seconds. */
export const timestamp = (date: Date): string => date.toISOString().replace(/\.\d{3}Z$/, 'Z');

export const conditionOf = (conditions: readonly Condition[] | undefined, type: ConditionType): Condition | undefined =>
  conditions?.find((condition) => condition.type === type);
