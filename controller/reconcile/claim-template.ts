/** The claim that a StatefulSet makes for each of its pods, as far as we look at it. */
interface ClaimTemplate {
  readonly metadata?: { readonly name?: string };
  readonly spec?: { readonly resources?: { readonly requests?: { readonly storage?: string } } };
}

interface LooseStatefulSet {
  readonly spec?: { readonly volumeClaimTemplates?: readonly ClaimTemplate[] };
}

/** The first claim template of a StatefulSet; ours have one. */
export const claimTemplateOf = (object: object): ClaimTemplate | undefined =>
  (object as LooseStatefulSet).spec?.volumeClaimTemplates?.[0];

/** What it asks for. */
export const claimSizeOf = (object: object): string | undefined =>
  claimTemplateOf(object)?.spec?.resources?.requests?.storage;
