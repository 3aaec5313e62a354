import * as z from 'zod';
import { ADOPT_RENDERING, MAX_REQUEST, REQUESTED_AT } from './annotations.ts';

/** What the operator reports. Written by the operator alone, by server-side apply to the status subresource. */

/** Condition types, in the order in which they are written. `Reconciling` and `Stalled` are abnormal when true (kstatus). */
export const CONDITION_TYPES = ['Ready', 'Reconciling', 'Stalled', 'Valid', 'ConfigInSync', 'RestartPending'] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

const text = (max: number) => z.string().max(max);

const condition = z.strictObject({
  type: text(316).describe('Name of the condition.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: text(1024).describe('One CamelCase word that says why, from a closed set.'),
  message: text(32_768).describe('The same for people: object, cause, and what to do.'),
  observedGeneration: z.int().min(0).describe('Generation of the profile that was judged.'),
  lastTransitionTime: z.string().max(40).meta({ format: 'date-time' }).describe('When status last changed.'),
});

/**
 * Lists that only the operator writes, as a whole: the server then notes one owner for each, not one for each entry,
 * which halves what a write of the status costs it (26 to 12 ms of CPU).
 */
const ATOMIC = { 'x-kubernetes-list-type': 'atomic' };

const finding = z.strictObject({
  id: text(20).describe('Rule that speaks, for example INV-05.'),
  severity: z
    .enum(['Error', 'Warning', 'Info'])
    .describe('Error: refused unless acknowledged. Warning and Info: admitted; also what came up after admission.'),
  path: text(256).describe('Field that the finding is about.'),
  message: text(2048).describe('What is wrong, with the numbers.'),
  fix: text(2048).describe('What to set, to what.'),
  acknowledged: z.boolean().describe('Whether spec.policy.acknowledge names it.'),
});

const effectiveValue = z.strictObject({
  path: text(256).describe('Field of the spec.'),
  value: text(4096).describe('Value in force, as text.'),
  source: z.enum(['user', 'derived', 'default', 'fixed']).describe('Who chose it.'),
});

export const statusSchema = z
  .strictObject({
    observedGeneration: z.int().min(0).optional().describe('Generation of the profile that this status is about.'),
    conditions: z
      .array(condition)
      .max(20)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
      .optional()
      .describe('Conditions by the rules of kstatus.'),
    revision: z
      .int()
      .min(0)
      .optional()
      .describe('Number of the revision in force; grows with each change of what is run.'),
    renderVersion: text(64)
      .optional()
      .describe('Version of the operator that rendered what is in force; a later one keeps to it until the next edit.'),
    rendering: z
      .strictObject({
        generation: z.int().min(0).describe('Generation of the profile that it was rendered from.'),
        digest: text(64).describe('SHA-256 of its record in the revision, whose name ends with the first 8 digits.'),
        available: text(64)
          .optional()
          .describe(`Version of the operator that renders otherwise; the annotation ${ADOPT_RENDERING} takes it over.`),
      })
      .optional()
      .describe('The rendering in force.'),
    lastHandledRequest: text(MAX_REQUEST)
      .optional()
      .describe(`The annotation ${REQUESTED_AT} that was answered last: all of it has been looked at anew since.`),
    connections: z
      .strictObject({
        peak: z.int().describe('Database connections that the pools may open during a rolling update.'),
        steady: z.int().describe('Database connections that the pools may open at rest.'),
        usable: z.int().describe('Connections that PostgreSQL leaves to the application.'),
        summary: text(64).describe('peak/usable, for the column.'),
      })
      .optional()
      .describe('The connection budget (INV-05).'),
    tiers: z
      .strictObject(
        Object.fromEntries(
          ['edge', 'backend', 'frontend', 'postgres'].map((tier) => [
            tier,
            text(64).optional().describe(`Ready pods of ${tier} out of the wanted ones.`),
          ]),
        ),
      )
      .optional()
      .describe('Ready pods of each tier, as ready/wanted.'),
    config: z
      .array(
        z.strictObject({
          tier: text(32).describe('Tier.'),
          desired: text(64).describe('Hash of the configuration that was rendered.'),
          loaded: text(64).describe('Hash that the running processes reported.'),
        }),
      )
      .max(10)
      .meta(ATOMIC)
      .optional()
      .describe('Proof of effect: what was rendered and what the processes have loaded.'),
    findings: z
      .array(finding)
      .max(100)
      .meta(ATOMIC)
      .optional()
      .describe('What the operator has to say about the profile.'),
    effective: z
      .array(effectiveValue)
      .max(300)
      .meta(ATOMIC)
      .optional()
      .describe('Every value in force and who chose it.'),
    facts: z
      .strictObject({
        kubernetesVersion: text(32).describe('Version of the API server.'),
        allocatableCpuMillis: z.int().describe('CPU that the nodes offer together, in millicores.'),
        allocatableMemoryMiB: z.int().describe('Memory that the nodes offer together, in MiB.'),
        nodeCount: z.int().optional().describe('How many nodes that is.'),
        otherCpuMillis: z
          .int()
          .optional()
          .describe('CPU that pods of others requested of it when this generation was admitted, in millicores.'),
        otherMemoryMiB: z
          .int()
          .optional()
          .describe('Memory that pods of others requested of it when this generation was admitted, in MiB.'),
        defaultStorageProvisioner: text(253)
          .optional()
          .describe('Provisioner of the default StorageClass when this generation was admitted.'),
        clusterDnsAddress: text(45)
          .optional()
          .describe('Address of Service kube-system/kube-dns when this generation was admitted.'),
      })
      .optional()
      .describe('What the operator saw of the cluster and derived from; what it may not read is left out.'),
    migration: z
      .strictObject({
        hash: text(64).describe('Hash of image and command.'),
        state: z.enum(['Pending', 'Running', 'Succeeded', 'Failed']).describe('How far it is.'),
      })
      .optional()
      .describe('The migration of the current backend.'),
    progress: z
      .strictObject({
        waitingFor: text(512).describe('What the operator waits for.'),
        since: z.string().max(40).meta({ format: 'date-time' }).describe('Since when.'),
      })
      .optional()
      .describe('The wait under way; it turns into Stalled after its deadline.'),
    applied: z
      .array(
        z.strictObject({
          object: text(320).describe('Kind/name.'),
          desired: text(64).describe('Hash of what was applied.'),
          owned: text(64).describe('Hash of our managedFields entry in the answer.'),
        }),
      )
      .max(100)
      .meta(ATOMIC)
      .optional()
      .describe('What was applied, so that a restarted operator sends nothing twice.'),
  })
  .describe('What the operator observed.');

export type Status = z.output<typeof statusSchema>;
export type Condition = z.output<typeof condition>;
export type FindingStatus = z.output<typeof finding>;
