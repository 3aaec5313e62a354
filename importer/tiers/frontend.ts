import type { Draft } from '../draft.ts';
import type { Roles } from '../roles.ts';
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

/** The service that runs Next.js, where there is one. */
export function placeFrontend(draft: Draft, roles: Roles, project: string): void {
  const { frontend } = roles;
  if (frontend === undefined) return;
  placeImage(draft, 'frontend', frontend, project);
  placeEnvironment({ draft, roles, tier: 'frontend' }, frontend.environment);
  placePort(draft, 'frontend', frontend);
  placeHealth(draft, 'frontend', frontend);
  placeUser(draft, 'frontend', frontend);
  placeReplicas(draft, 'frontend', frontend);
  placeResources(draft, 'frontend', frontend);
  for (const mount of frontend.mounts) {
    if (mount.source === undefined && /node_modules/.test(mount.target)) continue;
    placeWritable(draft, 'frontend', frontend, mount);
  }
  const command = [...(frontend.entrypoint ?? []), ...(frontend.command ?? [])].join(' ');
  if (command !== '' && !/(^|\s|\/)node\s+\S*server\.js$/.test(command)) {
    draft.note(
      'unmapped',
      `services.${frontend.name}.command`,
      'the image starts by its own command: let it be that of a standalone Next.js (node server.js)',
    );
  }
  noteOtherKeys(draft, frontend);
}
