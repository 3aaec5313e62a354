/**
 * Breaches of a released schema that were looked at and refuse nothing that anybody can have stored: the line that the
 * test prints, and why. Such a line stays as long as the schema that it is about.
 */
export const ALLOWED: ReadonlyMap<string, string> = new Map(
  ['config', 'effective', 'applied'].flatMap((list) => {
    const key = { config: 'tier', effective: 'path', applied: 'object' }[list];
    const why = 'the operator alone writes it, as a whole; the server takes over who owns what of it';
    return [
      [`status.${list}: x-kubernetes-list-type was "map", is "atomic"`, why],
      [`status.${list}: x-kubernetes-list-map-keys was ["${key}"], is unset`, why],
    ] as const;
  }),
);
