import { ARGOCD_FILES } from '../argocd/files.ts';
import { CHART_FILES } from '../chart/files.ts';
import { renderInstall } from '../install.ts';
import { KUSTOMIZE_FILES } from '../kustomize.ts';
import { MONITORING_FILES } from '../monitoring/files.ts';

const under = (folder: string, files: Readonly<Record<string, () => string>>) =>
  Object.entries(files).map(([path, text]) => ({ file: `${folder}/${path}`, text }));

/** Every file of the install channels that follows from the sources, and its text. */
export const GENERATED: ReadonlyArray<{ readonly file: string; readonly text: () => string }> = [
  { file: 'deploy/install.yaml', text: () => renderInstall() },
  ...under('deploy/kustomize', KUSTOMIZE_FILES),
  ...under('deploy/helm/pitcrew', CHART_FILES),
  ...under('deploy/argocd', ARGOCD_FILES),
  ...Object.entries(MONITORING_FILES).map(([file, text]) => ({ file, text })),
];
