import { describe, expect, it } from 'vitest';
import { foreignLibraries, needsRestart, objectionTo } from './postgres-settings.ts';
import { postgresVersion } from './postgres-version.ts';

describe('a parameter of PostgreSQL', () => {
  it.each([
    ['temp_file_limit', '2GB'],
    ['temp_file_limit', '-1'],
    ['deadlock_timeout', '1.5s'],
    ['autovacuum_vacuum_scale_factor', '0.05'],
    ['wal_level', 'LOGICAL'],
    ['track_io_timing', 'on'],
    ['shared_preload_libraries', 'pg_stat_statements, auto_explain'],
    ['pg_stat_statements.max', '10000'],
    ['vacuum_buffer_usage_limit', '2MB'],
  ])('takes %s = %s', (name, value) => {
    expect(objectionTo(name, value, 18)).toBeUndefined();
  });

  it.each([
    ['work_memory', '4MB', 18, 'PostgreSQL 18 has no parameter work_memory that may be set here'],
    ['io_workers', '4', 17, 'io_workers is known from PostgreSQL 18 on, the image brings 17'],
    ['temp_file_limit', '2Gi', 18, "temp_file_limit must be a number from -1 to 2147483647 (in kB), not '2Gi'"],
    ['temp_file_limit', '2s', 18, "temp_file_limit must be a number from -1 to 2147483647 (in kB), not '2s'"],
    ['temp_file_limit', '9TB', 18, 'temp_file_limit must be from -1 to 2147483647 (in kB), not 9TB'],
    ['temp_file_limit', '010', 18, "temp_file_limit must be a number from -1 to 2147483647 (in kB), not '010'"], // Octal.
    ['track_io_timing', 'maybe', 18, "track_io_timing must be on or off, not 'maybe'"],
    ['wal_level', 'minimal', 18, "wal_level must be one of replica, logical, not 'minimal'"],
    [
      'shared_preload_libraries',
      '../evil',
      18,
      "shared_preload_libraries must be a list of library names, not '../evil'",
    ],
    ['timezone', 'UTC', 18, 'PostgreSQL 18 has no parameter timezone that may be set here'],
  ])('does not take %s = %s on %i', (name, value, major, says) => {
    expect(objectionTo(name, value, major)).toBe(says);
  });

  it('needs a restart where its context says so', () => {
    expect(['max_wal_senders', 'shared_preload_libraries', 'pg_stat_statements.max'].every(needsRestart)).toBe(true);
    expect(['temp_file_limit', 'deadlock_timeout', 'auto_explain.log_min_duration'].some(needsRestart)).toBe(false);
  });

  it('tells libraries of others', () => {
    expect(foreignLibraries('pg_stat_statements, timescaledb,pgaudit')).toEqual(['timescaledb', 'pgaudit']);
  });
});

describe('the version of an image', () => {
  it.each([
    ['postgres:18', 18],
    ['postgres:17.2-bookworm', 17],
    ['ghcr.io/cloudnative-pg/postgresql:16.4@sha256:abc', 16],
    ['registry:5000/postgres:v15', 15],
  ])('%s tells %i', (image, major) => {
    expect(postgresVersion(image)).toEqual({ major, told: true });
  });

  it.each(['postgres', 'postgres:latest', 'registry:5000/postgres', 'postgres@sha256:18', 'shop:2024-11', 'shop:3'])(
    '%s tells nothing',
    (image) => {
      expect(postgresVersion(image)).toEqual({ major: 18, told: false });
    },
  );
});
