import { setTimeout as sleep } from 'node:timers/promises';
import { psql } from '../support/inside.ts';
import { type Kubectl, waitFor } from '../support/kubectl.ts';
import type { Place } from './stacks.ts';

/** What PostgreSQL sees of the applications: connections that it has refused, connections that are open, locks. */

const REFUSALS = /FATAL: .*(too many clients|remaining connection slots|too many connections)/;

/** Connections that the server has refused since a moment, by its own log. */
export async function refusedSince(kubectl: Kubectl, stack: Place, since: Date): Promise<number> {
  const log = await kubectl.run(
    'logs',
    `${stack.name}-postgres-0`,
    '-n',
    stack.namespace,
    `--since-time=${since.toISOString()}`,
  );
  return log.split('\n').filter((line) => REFUSALS.test(line)).length;
}

/** Connections of the application that are open now. */
export async function openConnections(kubectl: Kubectl, stack: Place): Promise<number> {
  const [count] = await ask(kubectl, stack, "select count(*) from pg_stat_activity where usename = 'app'");
  return Number(count);
}

/** Watches the number of open connections until it is told to stop; returns the highest that it has seen. */
export function watchConnections(kubectl: Kubectl, stack: Place): { stop(): Promise<number> } {
  let isOver = false;
  const watching = (async () => {
    let highest = 0;
    while (!isOver) {
      highest = Math.max(highest, await openConnections(kubectl, stack).catch(() => 0));
      await sleep(500);
    }
    return highest;
  })();
  return {
    stop: () => {
      isOver = true;
      return watching;
    },
  };
}

const LOCK_NAME = 'measure-lock';

/** Locks a table as a migration would, so that every query of it waits. The lock ends by itself after `seconds`. */
export async function lockTable(
  kubectl: Kubectl,
  stack: Place,
  table: string,
  seconds: number,
): Promise<{ release(): Promise<void> }> {
  const sql = `set application_name = '${LOCK_NAME}'; begin; lock table ${table} in access exclusive mode; select pg_sleep(${seconds}); rollback`;
  const holding = ask(kubectl, stack, sql).catch(() => []); // Ended by release().
  await waitFor(`the lock of ${table}`, async () => {
    const held = `select count(*) from pg_locks where relation = '${table}'::regclass and mode = 'AccessExclusiveLock' and granted`;
    return (await ask(kubectl, stack, held))[0] === '1';
  });
  return {
    release: async () => {
      await ask(
        kubectl,
        stack,
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${LOCK_NAME}'`,
      );
      await holding;
    },
  };
}

/** Queries of the application that wait or run now. */
export async function runningQueries(kubectl: Kubectl, stack: Place): Promise<number> {
  const sql = "select count(*) from pg_stat_activity where usename = 'app' and state = 'active'";
  return Number((await ask(kubectl, stack, sql))[0]);
}

const ask = (kubectl: Kubectl, stack: Place, sql: string): Promise<string[]> =>
  psql(kubectl, { namespace: stack.namespace, profile: stack.name }, sql);
