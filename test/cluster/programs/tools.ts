import { join } from 'node:path';
import { type OnProgress, silent } from '../host/progress.ts';
import { ensurePrograms, isMissing, programFolder, programPath, type Wanted } from './build.ts';
import { argoCdSet, helmSet, kstatusSet, kustomizeSet, twinSet } from './catalog.ts';
import { checkGo } from './prerequisites.ts';

/**
 * Programs that some test wants and no cluster needs: each is built when it is first asked for, and then taken from
 * the cache. Their modules ask for newer releases of Go, which the go command fetches by itself.
 */

/** Path of Helm; the first time takes two minutes. */
export const ensureHelm = (onProgress?: OnProgress): Promise<string> =>
  ensureTool({ set: helmSet, program: 'helm' }, onProgress);

/** Path of Kustomize; the first time takes some seconds. */
export const ensureKustomize = (onProgress?: OnProgress): Promise<string> =>
  ensureTool({ set: kustomizeSet, program: 'kustomize' }, onProgress);

/** Path of kstatus, which reads objects and prints what it computes of each; the first time takes some seconds. */
export const ensureKstatus = (onProgress?: OnProgress): Promise<string> =>
  ensureTool({ set: kstatusSet, program: 'kstatus' }, onProgress);

/** Path of the operator's twin in Go; the first time takes two minutes. */
export const ensureTwin = (onProgress?: OnProgress): Promise<string> =>
  ensureTool({ set: twinSet, program: 'twin' }, onProgress);

/** Argo CD, and what it needs at run time. */
export interface ArgoCd {
  /** The `argocd` command line, and every server by its name in ARGOCD_BINARY_NAME, as `argocd-repo-server`. */
  program: string;
  /** For PATH: the program and the two scripts that the repo-server calls for each revision. */
  binDir: string;
  /** Folder with the three CRDs, one a file, and the kustomization that lists them. */
  crds: string;
  /** Folder with the ConfigMaps and the Secret of a fresh installation, and the kustomization that lists them. */
  config: string;
}

/** Argo CD; the first time takes five minutes and more. */
export async function ensureArgoCd(onProgress?: OnProgress): Promise<ArgoCd> {
  const program = await ensureTool({ set: argoCdSet, program: 'argocd' }, onProgress);
  const binDir = programFolder(argoCdSet);
  return { program, binDir, crds: join(binDir, 'crds'), config: join(binDir, 'config') };
}

async function ensureTool(wanted: Wanted, onProgress: OnProgress = silent): Promise<string> {
  if (isMissing(wanted)) await checkGo(wanted.program);
  await ensurePrograms([wanted], onProgress);
  return programPath(wanted);
}
