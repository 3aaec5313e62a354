import * as z from 'zod';
import { hostName, image, objectName, withCel } from '../fields.ts';
import { knob } from '../knob.ts';
import { cache } from './edge/cache.ts';
import { cdn, clientIdentity } from './edge/client-identity.ts';
import { connectionLimit, rateLimit } from './edge/limits.ts';
import { rolling } from './edge/nginx.ts';
import { buffers, gzip, maxBodySize, processKnobs, upstreamKeepalive } from './edge/process.ts';
import { resources } from './resources.ts';

/** The edge: nginx in front of everything. TTLs, limits, keepalive, buffers, gzip, TLS. */

const service = withCel(
  z.strictObject({
    type: knob(z.enum(['LoadBalancer', 'NodePort', 'ClusterIP']), {
      target: { file: 'manifest', key: 'Service.spec.type' },
      change: 'reload',
      description: 'Type of the Service in front of nginx. Derived: ClusterIP behind edge.ingress.',
      default: 'LoadBalancer',
      source: 'k3s ServiceLB binds ports 80 and 443 of the node',
    }),
    externalTrafficPolicy: z
      .enum(['Local', 'Cluster'])
      .optional()
      .describe('Local keeps the address of the client; only for LoadBalancer and NodePort.'),
  }),
  {
    rule: "!has(self.externalTrafficPolicy) || !has(self.type) || self.type != 'ClusterIP'",
    message: 'externalTrafficPolicy goes with LoadBalancer or NodePort: remove it, or change the type',
  },
  (value) => value.externalTrafficPolicy === undefined || value.type !== 'ClusterIP',
)
  .optional()
  .describe('The Service by which clients reach nginx.');

export const edgeSchema = z
  .strictObject({
    image: knob(image(), {
      ...rolling('image'),
      description: 'nginx image, 1.30.4 or newer.',
      default: 'nginx:1.30',
      source: 'NG-30, NG-23: keepalive semantics of 1.29.7; vulnerabilities of maps fixed in 1.30.4',
    }),
    replicas: knob(z.int().min(1).max(10), {
      ...rolling('replicas'),
      description: 'Edge pods. Each has its own cache and its own limit counters.',
      unit: 'pods',
      default: 1,
      source: 'NG-20: limit state is per pod',
    }),
    hosts: z
      .array(hostName())
      .min(1)
      .max(50)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe(
        'Host names of the site. The first is the canonical one; its www. twin, if listed, is redirected to it. Other hosts are refused.',
      ),
    tls: z
      .strictObject({
        secretName: objectName().describe('Secret of type kubernetes.io/tls with the certificate of the hosts.'),
      })
      .optional()
      .describe('TLS at the edge. With it, http is redirected to https; without it, the site is served by http.'),
    service,
    ingress: z
      .strictObject({ className: objectName().describe('IngressClass, for example traefik.') })
      .optional()
      .describe('An Ingress that leads the hosts to nginx, for clusters in which another proxy owns ports 80 and 443.'),
    clientIdentity,
    cdn,
    ...processKnobs,
    cache,
    rateLimit,
    connectionLimit,
    upstreamKeepalive,
    gzip,
    buffers,
    maxBodySize,
    // RES-03: with the guide's 64Mi the edge would be the first that the kernel kills when the node runs out of memory.
    resources: resources({ requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '500m', memory: '512Mi' } }),
  })
  .describe('nginx, the edge of the site.');
