import type { Mount } from '../compose/service.ts';
import type { Draft } from '../draft.ts';
import { type Roles, serverOf } from '../roles.ts';
import { hasSecretName, isSecret, type Vault } from '../secrets.ts';
import { isWaiting, migrationOf, withoutWaiter } from '../server-command.ts';
import type { ShellCommand } from '../shell-words.ts';
import {
  noteOtherKeys,
  placeHealth,
  placeImage,
  placePort,
  placeReplicas,
  placeResources,
  placeUser,
  placeWritable,
} from './container.ts';
import { placeEnvironment } from './environment.ts';
import { placeServer } from './gunicorn.ts';

/** The service that runs the application: command, migration, environment, volumes. */

export function placeBackend(draft: Draft, roles: Roles, project: string, vault: Vault): void {
  const { backend } = roles;
  placeImage(draft, 'backend', backend, project);
  placeCommand(draft, roles, vault);
  placeEnvironment({ draft, roles, tier: 'backend' }, backend.environment);
  placePort(draft, 'backend', backend);
  placeHealth(draft, 'backend', backend);
  placeUser(draft, 'backend', backend);
  placeReplicas(draft, 'backend', backend);
  placeResources(draft, 'backend', backend);
  for (const mount of backend.mounts) placeMount(draft, roles, mount);
  noteOtherKeys(draft, backend);
}

function placeCommand(draft: Draft, { backend }: Roles, vault: Vault): void {
  const key = backend.command === undefined ? 'entrypoint' : 'command';
  const from = `services.${backend.name}.${key}`;
  const server = serverOf(backend);
  if (server === undefined) {
    const words = [...(backend.entrypoint ?? []), ...(backend.command ?? [])];
    const what =
      words.length === 0 ? 'the command is the one of the image' : 'a script or another program starts the server';
    draft.note(
      'unmapped',
      from,
      `${what} and is not read: put the flags of gunicorn into backend.workers, timeoutSeconds, maxRequests …, the application into backend.app, what runs before it into backend.migrate`,
    );
    return;
  }
  hideSecrets(vault, [...server.words, ...server.before.flatMap(({ words }) => words)]);
  if (server.wrappers.length > 0) {
    draft.note(
      'unmapped',
      `${from}: what starts ${server.program}`,
      'pitcrew starts gunicorn itself, without a program around it',
    );
  }
  placeServer(draft, server.program, server.words, from);
  placeMigration(draft, server.before, from);
}

/** Words behind a flag that is called like a secret. */
function hideSecrets(vault: Vault, words: readonly string[]): void {
  words.forEach((word, index) => {
    const [, name = '', value = words[index + 1] ?? ''] = /^-{0,2}([\w-]+)(?:=([\s\S]+))?$/.exec(word) ?? [];
    if (/^--|=/.test(word) && isSecret(name.replaceAll('-', '_'), value)) vault.add(value);
  });
}

/** What runs before the server: the migration, unless it only waits, or writes files that the pods would not see. */
function placeMigration(draft: Draft, before: readonly ShellCommand[], from: string): void {
  const unwrapped = before.map(withoutWaiter);
  const steps = unwrapped.filter((step) => {
    const words = step.words.join(' ');
    if (/collectstatic|npm run build|\bcompress(ing)?\b/.test(words)) {
      draft.note(
        'unmapped',
        `${from}: collectstatic`,
        'a migration writes no files for other pods: do it in the Dockerfile',
      );
      return false;
    }
    if (/^(mkdir|chown|chmod|cd|export|source|\.|cp|ln|rm|mv)$/.test(step.words[0] ?? '')) {
      draft.note(
        'unmapped',
        `${from}: ${step.words[0]}`,
        'it prepares the container of the server: do it in the Dockerfile',
      );
      return false;
    }
    return !isWaiting(step);
  });
  if (before.some(isWaiting)) {
    draft.note(
      'changed',
      `${from}: waiting`,
      'what waits for the database is left out: the operator starts things in order',
    );
  }
  if (steps.length === 0) return;
  if (
    steps.some(({ words }) =>
      words.some((word) => hasSecretName(word.replace(/^-+/, '').replace(/=.*$/, '').replaceAll('-', '_'))),
    )
  ) {
    draft.note(
      'unmapped',
      `${from}: migration`,
      'a credential stands in it, so it is not copied: let it read a variable, and set backend.migrate.command',
    );
    return;
  }
  draft.place(
    'backend.migrate.command',
    migrationOf(steps),
    from,
    `from ${from}: what runs before the server; once for each image, after a dump`,
  );
}

/** Files that users upload stay, on a volume of their own; for code and for the rest there is no place. */
function placeMount(draft: Draft, roles: Roles, mount: Mount): void {
  const { backend, edge } = roles;
  const from = `services.${backend.name}.volumes: ${mount.target}`;
  if (draft.at('uploads.backendPath')?.value === mount.target) return;
  const isShared = edge?.mounts.some(({ source }) => source !== undefined && source === mount.source) === true;
  if (isUploads(mount, isShared) && !mount.readOnly && draft.at('uploads.backendPath') === undefined) {
    draft.place('uploads.backendPath', mount.target, from);
    return;
  }
  if (
    mount.isBind &&
    /^\.{1,2}(\/[\w-]+)?\/?$/.test(mount.source ?? '') &&
    /^\/(app|code|src|usr\/src\/app)\/?$/.test(mount.target)
  ) {
    draft.note('unmapped', from, 'the code is in the image');
    return;
  }
  if (/docker\.sock$/.test(mount.target)) {
    draft.note('unmapped', from, 'there is no Docker in a cluster');
    return;
  }
  placeWritable(draft, 'backend', backend, mount);
}

const isUploads = ({ target, source }: Mount, isShared: boolean): boolean =>
  /upload|media/i.test(`${target} ${source ?? ''}`) || (isShared && !/static|log/i.test(target));
