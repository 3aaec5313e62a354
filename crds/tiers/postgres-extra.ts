import * as z from 'zod';
import { withCel } from '../fields.ts';

/** Parameters of postgresql.conf that have no field of their own, and those that nobody may set this way (PG-05). */

/**
 * Whole names that belong to the operator or are dangerous: where the server listens and finds its files, what
 * runs commands, what gives up durability or integrity, what would change the sums of the connection budget.
 * `include` and its kin are directives of the file, not parameters: they would read any file as configuration.
 */
const BLOCKED_NAMES = [
  'include|include_dir|include_if_exists',
  'listen_addresses|port|config_file|data_directory|hba_file|ident_file|external_pid_file|cluster_name',
  'fsync|full_page_writes|data_sync_retry|zero_damaged_pages|ignore_checksum_failure|ignore_system_indexes',
  'ignore_invalid_pages|restart_after_crash|recovery_init_sync_method|remove_temp_files_after_crash',
  'allow_system_table_mods|allow_alter_system|allow_in_place_tablespaces|jit_provider|dynamic_library_path',
  'extension_control_path|local_preload_libraries|session_preload_libraries|oauth_validator_libraries',
  'output_plugin_libraries|event_source|event_triggers|logging_collector|log_destination|log_directory|log_filename',
  'log_file_mode|log_rotation_age|log_rotation_size|log_truncate_on_rotation',
  'superuser_reserved_connections|password_encryption|db_user_namespace|huge_pages|huge_page_size',
  'shared_memory_type|dynamic_shared_memory_type|min_dynamic_shared_memory|synchronous_standby_names',
  'synchronized_standby_slots|sync_replication_slots|temp_tablespaces|default_tablespace|promote_trigger_file',
  'restore_command|lc_messages|client_encoding|exit_on_error|post_auth_delay|pre_auth_delay|standard_conforming_strings',
  'default_transaction_read_only|session_replication_role|transaction_isolation|transaction_read_only',
].join('|');
/** The same by the beginning of the name. */
const BLOCKED_PREFIXES =
  'pitcrew[.]|ssl|archive_|recovery_|primary_|hot_standby|unix_socket_|bonjour|krb_|gss_|syslog_|debug_|trace_|wal_consistency';
/** Parameters that are set by a field of the spec. */
const OWN_FIELDS = [
  'shared_buffers|effective_cache_size|maintenance_work_mem|checkpoint_completion_target|wal_buffers',
  'default_statistics_target|random_page_cost|effective_io_concurrency|work_mem|min_wal_size|max_wal_size',
  'checkpoint_timeout|wal_compression|io_method|autovacuum_max_workers|autovacuum_naptime',
  'max_parallel_workers_per_gather|max_parallel_maintenance_workers|log_min_duration_statement',
  'max_connections|reserved_connections|statement_timeout|transaction_timeout|synchronous_commit',
].join('|');

/** Names that extraParameters refuses; read by the API server and by us alike. */
export const BLOCKED_PARAMETER = `^((${BLOCKED_NAMES}|${OWN_FIELDS})$|${BLOCKED_PREFIXES})`;
/** Whether a parameter has a field of its own in the spec. */
export const hasOwnField = (name: string): boolean => new RegExp(`^(${OWN_FIELDS})$`).test(name);

const extraParameter = z.strictObject({
  name: withCel(
    z
      .string()
      .min(1)
      .max(63)
      .regex(/^[a-z_][a-z0-9_]*([.][a-z_][a-z0-9_]*)?$/),
    {
      rule: `!self.matches('${BLOCKED_PARAMETER}')`,
      message:
        'this parameter belongs to the operator, or has a field of its own under postgres or postgres.parameters (PG-05)',
    },
    (name) => !new RegExp(BLOCKED_PARAMETER).test(name),
  ).describe('Name of the parameter, in lower case: temp_file_limit.'),
  value: z
    .string()
    .max(200)
    .regex(/^[ -~]*$/)
    .describe("Value as text in PostgreSQL's own units, without quotes: 2GB."),
});

/** A list of parameters, merged by name. */
export const extraParametersList = () =>
  z
    .array(extraParameter)
    .max(30)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] });

export type ExtraParameter = z.output<typeof extraParameter>;
