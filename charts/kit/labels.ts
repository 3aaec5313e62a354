import { GROUP } from '../../crds/group.ts';

/** The four tiers of a stack, and the words for them everywhere. */
export const TIERS = ['edge', 'backend', 'frontend', 'postgres'] as const;
export type Tier = (typeof TIERS)[number];

/** Marks every child. Selectors use PROFILE_LABEL and TIER_LABEL only: they are ours and never change. */
export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const OPERATOR_NAME = 'pitcrew';
export const PROFILE_LABEL = `${GROUP}/profile`;
export const TIER_LABEL = `${GROUP}/tier`;
/** `migrate` on the pods of migration Jobs, which the tier's Service must not select. */
export const ROLE_LABEL = `${GROUP}/role`;

/** Hash of the configuration that is rendered into an object (D11). */
export const CONFIG_HASH = `${GROUP}/config-hash`;
/** Patched on running pods so that the kubelet refreshes their ConfigMap volume at once (D10). */
export const REFRESH = `${GROUP}/refresh`;

/** What a Service or a controller selects the pods of one tier by. */
export function selectorOf(profile: string, tier: Tier): Record<string, string> {
  return { [PROFILE_LABEL]: profile, [TIER_LABEL]: tier };
}

/**
 * Labels of every child. `app.kubernetes.io/instance` is left out on purpose: Argo CD may track by it,
 * and a child must never look like a part of an Application.
 */
export function labelsOf(profile: string, tier: Tier): Record<string, string> {
  return {
    'app.kubernetes.io/name': tier,
    'app.kubernetes.io/component': tier,
    'app.kubernetes.io/part-of': profile,
    [MANAGED_BY]: OPERATOR_NAME,
    ...selectorOf(profile, tier),
  };
}
/** Hash of what a running server can not take over by reload; on the pod template, so that it changes only when a restart is due. */
export const RESTART_HASH = `${GROUP}/restart-hash`;
