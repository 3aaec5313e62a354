import { GROUP, KIND, VERSION } from '../../crds/group.ts';
import { type Kubectl, waitFor } from '../support/kubectl.ts';
import { ARGO_NAMESPACE } from './servers.ts';

/** What Argo CD says of an Application; only what tests look at. */
export interface ApplicationView {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly operation?: object;
  readonly status?: {
    readonly sync?: { readonly status: string; readonly revision?: string };
    readonly health?: { readonly status: string };
    readonly reconciledAt?: string;
    readonly history?: ReadonlyArray<{ readonly id: number }>;
    readonly conditions?: ReadonlyArray<{ readonly type: string; readonly message: string }>;
    readonly resources?: ReadonlyArray<{
      readonly kind: string;
      readonly name: string;
      readonly requiresPruning?: boolean;
    }>;
    readonly operationState?: {
      readonly phase: string;
      readonly message?: string;
      readonly startedAt?: string;
      readonly syncResult?: {
        readonly revision?: string;
        readonly resources?: ReadonlyArray<{
          readonly kind: string;
          readonly name: string;
          readonly message?: string;
          readonly status?: string;
        }>;
      };
    };
  };
}

/** One object in the tree below an Application. */
export interface TreeNode {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly parentRefs?: ReadonlyArray<{ readonly kind: string; readonly name: string }>;
  readonly health?: { readonly status: string; readonly message?: string };
}

/** Argo CD as its users drive it: Applications by kubectl, trees and actions by its API server. */
export interface Applications {
  readonly view: (name: string) => Promise<ApplicationView>;
  /** Makes Argo CD look at Git and at the cluster now, with nothing from a cache. */
  readonly refresh: (name: string) => Promise<void>;
  /** Waits until an Application is so; says what it is instead at the deadline. */
  readonly until: (
    name: string,
    what: string,
    holds: (application: ApplicationView) => boolean,
  ) => Promise<ApplicationView>;
  /** Syncs to the commit that it is at, pruning whatever would be pruned, and waits for the end. */
  readonly syncWithPrune: (name: string) => Promise<ApplicationView>;
  /** Everything that Argo CD shows below an Application. */
  readonly tree: (name: string) => Promise<readonly TreeNode[]>;
  /** Runs an action of a profile's menu. */
  readonly act: (name: string, profile: { name: string; namespace: string }, action: string) => Promise<void>;
}

const DEADLINE_MS = 120_000;

export function applicationsOf(kubectl: Kubectl, url: string): Applications {
  const at = ['-n', ARGO_NAMESPACE];
  const view = async (name: string): Promise<ApplicationView> => {
    const found = await kubectl.get<ApplicationView>('applications.argoproj.io', name, ...at);
    if (found === undefined) throw new Error(`there is no Application ${name}`);
    return found;
  };
  const until: Applications['until'] = (name, what, holds) =>
    waitFor(
      `${name} to be ${what}`,
      async () => {
        const application = await view(name);
        if (holds(application)) return application;
        throw new Error(tell(application));
      },
      DEADLINE_MS,
    );
  return {
    view,
    until,
    refresh: async (name) => {
      const how = ['--overwrite', 'argocd.argoproj.io/refresh=hard'];
      await kubectl.run('annotate', 'applications.argoproj.io', name, ...at, ...how);
    },
    syncWithPrune: async (name) => {
      const { status } = await view(name);
      const operation = { sync: { prune: true, revision: status?.sync?.revision } };
      const patch = ['--type=merge', '-p', JSON.stringify({ operation })];
      await kubectl.run('patch', 'applications.argoproj.io', name, ...at, ...patch);
      return until(name, 'synced with pruning', ({ status: now, operation: open }) => {
        const { phase, startedAt } = now?.operationState ?? {};
        return open === undefined && phase === 'Succeeded' && startedAt !== status?.operationState?.startedAt;
      });
    },
    tree: async (name) => {
      const tree = await ask(`${url}/api/v1/applications/${name}/resource-tree`);
      return ((await tree.json()) as { nodes?: TreeNode[] }).nodes ?? [];
    },
    act: async (name, profile, action) => {
      const kind = { group: GROUP, version: VERSION, kind: KIND };
      const body = { ...kind, namespace: profile.namespace, resourceName: profile.name, action };
      await ask(`${url}/api/v1/applications/${name}/resource/actions/v2`, body);
    },
  };
}

async function ask(url: string, body?: object): Promise<Response> {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const answer = await fetch(url, body === undefined ? { signal } : { ...post, signal });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** One line about an Application. */
export function tell({ status }: ApplicationView): string {
  const { sync, health, operationState, conditions } = status ?? {};
  const said = (conditions ?? []).map(({ type, message }) => `${type}: ${message}`);
  const operation = `${operationState?.phase ?? 'no operation'} ${operationState?.message ?? ''}`;
  return [`${sync?.status} at ${sync?.revision?.slice(0, 7)}`, health?.status, operation, ...said].join('; ');
}
