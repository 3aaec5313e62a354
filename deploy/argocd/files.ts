import { argocdPatch, OUR_FOLDER } from './customizations.ts';
import { TESTDATA } from './testdata.ts';

/** Generated files below deploy/argocd, and their texts. */
export const ARGOCD_FILES: Readonly<Record<string, () => string>> = {
  'argocd-cm.yaml': argocdPatch,
  ...Object.fromEntries(Object.entries(TESTDATA).map(([path, text]) => [`${OUR_FOLDER}/${path}`, text])),
};
