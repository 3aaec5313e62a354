type Calls<O> = { readonly [K in keyof O]: O[K] };

/** The same observer, except that nothing it throws gets out: counting must never stop what is counted. */
export function contained<O extends object>(observer: O): Calls<O> {
  const quiet = (call: unknown): unknown => {
    if (typeof call !== 'function') return call;
    return (...args: unknown[]): void => {
      try {
        call(...args);
      } catch {
        // Observers are told not to throw; there is nobody left to tell.
      }
    };
  };
  return Object.fromEntries(Object.entries(observer).map(([name, call]) => [name, quiet(call)])) as O;
}
