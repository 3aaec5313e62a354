import type { k8s } from 'cdk8s-plus-28';
import type { Stack } from '../stack.ts';

/** The credentials of private registries, for every pod; nothing where the profile names none. */
export function imagePullSecrets(stack: Stack): Pick<k8s.PodSpec, 'imagePullSecrets'> {
  const names = stack.spec.imagePullSecrets ?? [];
  return names.length === 0 ? {} : { imagePullSecrets: names.map((name) => ({ name })) };
}
