import * as z from 'zod';
import { containerPath, envList, image, tcpPort, urlPath } from '../fields.ts';
import { knob } from '../knob.ts';
import { resources } from './resources.ts';

/** The frontend: a Next.js server of `output: standalone`. */
export const frontendSchema = z
  .strictObject({
    image: image().describe('Image of the Next.js server.'),
    port: tcpPort().optional().describe('TCP port on which the server listens. Default: 3000.'),
    healthPath: urlPath().optional().describe('Path that answers below 400 while the server is alive. Default: /.'),
    runAsUser: z.int().min(1).max(2_147_483_647).optional().describe('Numeric user of the process. Default: 1000.'),
    env: envList().optional().describe('Environment of the server.'),
    writablePaths: z
      .array(containerPath())
      .max(20)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional()
      .describe('Directories that the server writes to, besides /tmp. Default: /app/.next/cache.'),
    replicas: knob(z.int().min(1).max(10), {
      target: { file: 'manifest', key: 'replicas' },
      change: 'rolling',
      description: 'Frontend pods, each with its own image cache.',
      unit: 'pods',
      default: 1,
      source: 'RES-07',
    }),
    keepAliveSeconds: knob(z.int().min(1).max(650), {
      target: { file: 'env', key: 'KEEP_ALIVE_TIMEOUT' },
      change: 'rolling',
      description: 'How long the server keeps an idle connection. Must be longer than nginx keeps it (INV-06).',
      unit: 'seconds',
      source: 'INV-06; Node keeps 5 seconds by default',
    }),
    maxOldSpaceMiB: knob(z.int().min(128).max(65_536), {
      target: { file: 'env', key: 'NODE_OPTIONS --max-old-space-size' },
      change: 'rolling',
      description: 'Heap of the JavaScript engine. Derived from the memory limit.',
      unit: 'MiB',
      source: 'RES-07',
    }),
    resources: resources({ requests: { cpu: '250m', memory: '256Mi' }, limits: { cpu: '1000m', memory: '1Gi' } }),
  })
  .describe('Next.js.');

/** Files that users upload: written by the backend, served by nginx from the same volume. */
export const uploadsSchema = z
  .strictObject({
    path: urlPath().describe('URL prefix under which nginx serves the files: /uploads/.'),
    backendPath: containerPath().describe('Directory in the backend container that receives the files: /app/uploads.'),
    size: z
      .string()
      .min(1)
      .max(20)
      .regex(/^[1-9][0-9]{0,6}(Mi|Gi|Ti)$/)
      .describe('Size of the volume: 5Gi.'),
    storageClassName: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/)
      .optional()
      .describe("StorageClass of the volume. Default: the cluster's."),
    ttlSeconds: knob(z.int().min(0).max(31_536_000), {
      target: { file: 'nginx.conf', key: 'Cache-Control' },
      change: 'reload',
      description: 'How long browsers may keep an uploaded file.',
      unit: 'seconds',
      default: 86_400,
      source: 'names of uploads are not fingerprints; a day unless the user knows better',
    }),
  })
  .describe('Uploads, written by the backend and served by nginx.');
