-- Rows of every table, to compare two databases.
SELECT schemaname || '.' || relname AS "table", (xpath('//n/text()', query_to_xml(
  format('SELECT count(*) AS n FROM %I.%I', schemaname, relname), false, false, '')))[1]::text AS "rows"
FROM pg_stat_user_tables ORDER BY 1;
