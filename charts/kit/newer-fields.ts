import type { DesiredObject } from '../object.ts';

/**
 * Fields that Kubernetes has and the models of 1.28 do not: cdk8s would drop them without a word, so they are put
 * in after synthesis, here and nowhere else. A test guards that each arrives.
 */
interface Container {
  readonly lifecycle?: { readonly preStop?: { readonly exec?: { readonly command?: readonly string[] } } };
}

/**
 * Waiting before the stop signal is done by the kubelet (`sleep`, on by default since Kubernetes 1.30), so that it
 * works in images without a `sleep` program as well.
 */
export function withNewerFields(object: DesiredObject): DesiredObject {
  const template = (object.spec as { template?: { spec?: { containers?: Container[] } } } | undefined)?.template;
  if (template?.spec?.containers === undefined) return object;
  const spec = { ...template.spec, containers: template.spec.containers.map(withKubeletSleep) };
  return { ...object, spec: { ...(object.spec as object), template: { ...template, spec } } };
}

function withKubeletSleep(container: Container): object {
  const [program, seconds] = container.lifecycle?.preStop?.exec?.command ?? [];
  if (program !== 'sleep' || seconds === undefined) return container;
  return { ...container, lifecycle: { ...container.lifecycle, preStop: { sleep: { seconds: Number(seconds) } } } };
}
