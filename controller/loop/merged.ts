type Call = (...args: never[]) => void;

/** Several observers as one: each is told, in order. */
export function merged<O extends object>(...observers: readonly O[]): O {
  const names = new Set(observers.flatMap((observer) => Object.keys(observer))) as Set<string & keyof O>;
  const told = (name: keyof O): Call => {
    const calls = observers.flatMap((observer) =>
      typeof observer[name] === 'function' ? [observer[name] as Call] : [],
    );
    return (...args) => {
      for (const call of calls) call(...args);
    };
  };
  return Object.fromEntries([...names].map((name) => [name, told(name)])) as O;
}
