import { type PostgresAddress, probePostgres } from '../../controller/probe/postgres.ts';

/** Asks the server of the address in the only argument, and prints what it said. */
const address = JSON.parse(process.argv[2] ?? '') as PostgresAddress;
process.stdout.write(JSON.stringify(await probePostgres(address, new AbortController().signal)));
