/** Something in the namespace that the stack needs and the operator does not make. */
export interface Requirement {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  /** Keys that must be there. */
  readonly keys: readonly string[];
  /** Field of the profile that asks for it. */
  readonly path: string;
}
