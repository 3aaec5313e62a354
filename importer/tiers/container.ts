import type { Amount, Mount, Service } from '../compose/service.ts';
import { cpuQuantity, memoryQuantity } from '../compose/units.ts';
import type { Draft } from '../draft.ts';
import type { Role } from '../source.ts';

/** What every service says alike: image, replicas, resources, user, health; and the keys that mean nothing in Kubernetes. */

/** An image that nobody has. */
export const PLACEHOLDER_IMAGE = 'fill/in';

/** The image; one that is only built has the name that compose gives it. */
export function placeImage(draft: Draft, role: Role, service: Service, project: string): void {
  const path = `${role}.image`;
  const at = `services.${service.name}`;
  if (service.image === undefined) {
    const name = `${project}-${service.name}`.toLowerCase().replaceAll(/[^a-z0-9._-]/g, '-');
    draft.note(
      'fill',
      `${at}.build`,
      `the image has no name but compose's own: push it to a registry and put its name and tag into ${path}`,
    );
    if (draft.place(path, name, `${at}.build`, `from ${at}.build: the name that compose gives it`)) return;
  } else {
    if (draft.place(path, service.image, `${at}.image`)) return;
    draft.note('fill', `${at}.image`, `the image could not be taken over: put its name and tag into ${path}`);
  }
  draft.place(path, PLACEHOLDER_IMAGE, `${at}.image`, 'PUT THE IMAGE HERE');
}

export function placeReplicas(draft: Draft, role: 'edge' | 'backend' | 'frontend', { replicas }: Service): void {
  if (replicas === undefined) return;
  draft.place(`${role}.replicas`, numberOr(replicas.text), replicas.from);
}

export const numberOr = (text: string): number | string => (/^[0-9]{1,9}$/.test(text) ? Number(text) : text);

export function placeResources(draft: Draft, role: Role, { limits, requests }: Service): void {
  for (const [group, amounts] of Object.entries({ limits, requests })) {
    placeAmount(draft, `${role}.resources.${group}.cpu`, amounts.cpu, cpuQuantity);
    placeAmount(draft, `${role}.resources.${group}.memory`, amounts.memory, memoryQuantity);
  }
}

type Conversion = (text: string) => string | undefined;

function placeAmount(draft: Draft, path: string, amount: Amount | undefined, convert: Conversion): void {
  if (amount === undefined) return;
  draft.place(path, convert(amount.text) ?? amount.text, amount.from);
}

/** A user by its number; root cannot be, and names are not known outside of the image. */
export function placeUser(draft: Draft, role: 'backend' | 'frontend', { name, user }: Service): void {
  if (user === undefined) return;
  const from = `services.${name}.user`;
  const id = /^([0-9]+)(:[0-9]+)?$/.exec(user)?.[1];
  if (id === undefined) {
    draft.note('unmapped', from, `a user by name: put its number into ${role}.runAsUser`);
    return;
  }
  if (Number(id) === 0) {
    draft.note('unmapped', from, `pitcrew runs nothing as root: ${role}.runAsUser is 1000 unless you set it`);
    return;
  }
  draft.place(`${role}.runAsUser`, Number(id), from);
}

/** Path of the URL that a check asks the container itself for. */
export function placeHealth(draft: Draft, role: 'backend' | 'frontend', { name, healthcheck }: Service): void {
  if (healthcheck.length === 0) return;
  const from = `services.${name}.healthcheck`;
  const url = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::[0-9]+)?(\/[^\s'")?#|;&]*)?/.exec(
    healthcheck.join(' '),
  );
  if (url === null) {
    draft.note(
      'unmapped',
      from,
      `no URL of the container itself is in it: put the path that answers 200 into ${role}.healthPath`,
    );
    return;
  }
  draft.place(`${role}.healthPath`, url[1] ?? '/', from);
}

/** The port that a service listens on, where it names exactly one. */
export function placePort(draft: Draft, role: 'backend' | 'frontend', { name, ports }: Service): void {
  const [port, ...more] = [...new Set(ports)];
  if (port === undefined || more.length > 0 || draft.at(`${role}.port`) !== undefined) return;
  draft.place(`${role}.port`, port, `services.${name}.ports`);
}

/** Where Next.js keeps pages and pictures: writable anyhow. */
const NEXT_CACHE = '/app/.next/cache';

/** Folders that a container writes: what is in them is lost with the pod, and that has to be said. */
export function placeWritable(draft: Draft, role: 'backend' | 'frontend', service: Service, mount: Mount): void {
  const from = `services.${service.name}.volumes: ${mount.target}`;
  if (mount.target === '/tmp' || (role === 'frontend' && mount.target === NEXT_CACHE)) return;
  if (mount.readOnly) {
    draft.note('unmapped', from, 'files from outside: bake them into the image');
    return;
  }
  const isPlaced = draft.place([role, 'writablePaths', `[${mount.target}]`], mount.target, from);
  if (isPlaced && mount.source !== undefined) {
    draft.note(
      'changed',
      from,
      'it can be written to, but what is in it is lost with the pod: move what must stay into uploads, the database or an object store',
    );
  }
}

const HANDLED = new Set(
  'image build command entrypoint environment env_file ports expose volumes tmpfs depends_on deploy cpus mem_limit mem_reservation scale healthcheck user labels extends container_name hostname restart networks networks_mode links init tty stdin_open platform pull_policy logging profiles read_only annotations'.split(
    ' ',
  ),
);

const KEY_REASONS: Readonly<Record<string, string>> = {
  secrets: 'files below /run/secrets are not mounted: let the application read variables, from a Secret by backend.env',
  configs: 'files from outside are not mounted: bake them into the image',
  ulimits: 'nginx gets its descriptors by edge.rlimitNofile; for the others those of the node hold',
  sysctls: 'set them on the node, or allow them in its kubelet',
  shm_size: 'there is no field for it',
  stop_grace_period: 'derived from requestDeadlineSeconds and backend.gracefulTimeoutSeconds',
  network_mode: 'every pod has a network of its own',
  extra_hosts: 'give the names to your DNS',
  privileged: 'pitcrew runs nothing privileged',
  cap_add: 'pitcrew drops all capabilities',
};

/** Says which keys of a service mean nothing here. */
export function noteOtherKeys(draft: Draft, { name, keys }: Service): void {
  for (const key of keys.filter((each) => !HANDLED.has(each) && !each.startsWith('x-'))) {
    draft.note('unmapped', `services.${name}.${key}`, KEY_REASONS[key] ?? 'pitcrew has no field for it');
  }
}
