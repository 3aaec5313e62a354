import type { Child, WorkloadState } from './digest.ts';

/** A Deployment or a StatefulSet. */
export type Workload = Child & { readonly state: WorkloadState };

export const isWorkload = (child: Child): child is Workload => child.state?.type === 'workload';

/** Whether all wanted pods are of the newest revision and serve, and no older one is left (kstatus). */
export function isRolledOut({ state, generation, deleting }: Workload): boolean {
  return (
    !deleting &&
    state.observedGeneration >= generation &&
    state.updated >= state.wanted &&
    state.total <= state.updated &&
    state.ready >= state.wanted &&
    state.available >= state.wanted
  );
}

/** `ready/wanted`, as it stands in the status. */
export const readiness = ({ state }: Workload): string => `${Math.min(state.ready, state.wanted)}/${state.wanted}`;

/** What a rollout still lacks, for people. */
export function shortfall({ state, generation }: Workload): string {
  if (state.observedGeneration < generation) return 'the change has not been taken up yet';
  if (state.total === 0 && state.wanted > 0) return 'no pod is there yet';
  if (state.updated < state.wanted) return `${state.updated} of ${state.wanted} pods are of the new revision`;
  if (state.ready < state.wanted) return `${state.ready} of ${state.wanted} pods are ready`;
  if (state.total > state.updated) return 'the new pods are not ready yet, the old ones still serve';
  return `${state.available} of ${state.wanted} pods are ready for long enough`;
}
