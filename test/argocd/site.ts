import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { Kubectl } from '../support/kubectl.ts';
import { prepareNamespace } from '../support/stage.ts';
import { createRepository, type Repository } from './repository.ts';
import { ARGO_NAMESPACE, type ArgoServers } from './servers.ts';

/** One of the two shops of examples/gitops. */
export interface Shop {
  /** The Application; its namespace has the same name. */
  readonly application: string;
  readonly host: string;
  /** Folder of the overlay in the repository. */
  readonly overlay: string;
}

export const PROFILE = 'bahamm';

/** Argo CD compares the first by itself, and lets the API server compare and apply the second. */
export const SHOPS: readonly Shop[] = [
  { application: 'bahamm-staging', host: 'staging.bahamm.ir', overlay: 'shop/overlays/staging' },
  { application: 'bahamm-production', host: 'bahamm.ir', overlay: 'shop/overlays/production' },
];

/** The repository of a shop owner who has followed the README of examples/gitops. */
export interface Site extends Repository {
  /** Sets fields of a YAML file, by their paths as `spec.backend.workers`, and leaves the rest as it is written. */
  readonly edit: (file: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly write: (file: string, text: string) => void;
}

const repository = join(import.meta.dirname, '..', '..');

/** Puts examples/gitops and deploy/kustomize into repositories; the addresses in them are all that is replaced. */
export async function createSite(servers: ArgoServers): Promise<Site> {
  const operator = await createRepository(servers.repositories, 'pitcrew');
  cpSync(join(repository, 'deploy', 'kustomize'), join(operator.folder, 'deploy', 'kustomize'), { recursive: true });
  await operator.commit('the operator');
  const site = await createRepository(servers.repositories, 'site');
  cpSync(join(repository, 'examples', 'gitops'), site.folder, { recursive: true });
  replaceIn(site.folder, {
    'https://git.example/pitcrew.git': operator.url,
    'https://git.example/shop/site.git': site.url,
  });
  await site.commit('the shop');
  const at = (file: string) => join(site.folder, file);
  return {
    ...site,
    write: (file, text) => writeFileSync(at(file), text),
    edit: (file, fields) => {
      const document = parseDocument(readFileSync(at(file), 'utf8'));
      for (const [path, value] of Object.entries(fields)) document.setIn(path.split('.'), value);
      writeFileSync(at(file), document.toString());
    },
  };
}

function replaceIn(folder: string, texts: Readonly<Record<string, string>>): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    if (name.startsWith('.git') || !statSync(path).isFile()) continue;
    let text = readFileSync(path, 'utf8');
    for (const [from, to] of Object.entries(texts)) text = text.replaceAll(from, to);
    writeFileSync(path, text);
  }
}

/** What the README asks for before root.yaml: health of the kinds, and the certificate. */
export async function prepareArgoCd(kubectl: Kubectl, site: Site): Promise<void> {
  for (const file of [join(repository, 'deploy', 'argocd', 'argocd-cm.yaml'), join(site.folder, 'argocd-cm.yaml')]) {
    await configure(kubectl, ['--patch-file', file]);
  }
  await prepareNamespace(kubectl, 'bahamm-production', 'bahamm-tls', ['bahamm.ir', 'www.bahamm.ir']);
}

/** Sets keys of Argo CD's configuration. */
export async function configure(kubectl: Kubectl, patch: readonly string[]): Promise<void> {
  await kubectl.run('patch', 'configmap', 'argocd-cm', '-n', ARGO_NAMESPACE, '--type=merge', ...patch);
}
