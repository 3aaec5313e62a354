import { directive, type Statement, template } from '../../kit/nginx.ts';

/** One line of JSON for each request (NG-07): what the cache did, how long each part took, who was limited. */
export function accessLog(): Statement[] {
  return [
    directive('log_format', 'pitcrew', 'escape=json', ...FIELDS),
    // In blocks, or the workers would wait for the reader of the log at each request.
    directive('access_log', '/dev/stdout', 'pitcrew', 'buffer=16k', 'flush=1s'),
  ];
}

/** nginx puts them together without a separator. */
const FIELDS = [
  template`{"t":"$time_iso8601"`,
  template`,"id":"$request_id"`,
  template`,"client":"$remote_addr"`,
  template`,"method":"$request_method"`,
  template`,"scheme":"$scheme"`,
  template`,"host":"$host"`,
  template`,"uri":"$request_uri"`,
  template`,"protocol":"$server_protocol"`,
  template`,"status":$status`,
  template`,"bytes":$body_bytes_sent`,
  template`,"rt":$request_time`,
  template`,"uct":"$upstream_connect_time"`,
  template`,"urt":"$upstream_response_time"`,
  template`,"upstream_addr":"$upstream_addr"`,
  template`,"upstream_status":"$upstream_status"`, // "502, 200" is a retry that the client did not see.
  template`,"cs":"$upstream_cache_status"`,
  template`,"limit_req_status":"$limit_req_status"`,
  template`,"limit_conn_status":"$limit_conn_status"`,
  template`,"referrer":"$http_referer"`,
  template`,"agent":"$http_user_agent"}`,
];
