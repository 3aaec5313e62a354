import { knobsOf } from '../../../crds/knob.ts';
import { backendSchema } from '../../../crds/tiers/backend.ts';
import type { KnobPath } from '../../effective.ts';
import { backendApp, backendPort, type Stack } from '../../stack.ts';

/** gunicorn's command line and configuration file. */

/** Where the ConfigMap of the backend is mounted. */
export const BACKEND_CONFIG_DIR = '/etc/pitcrew/backend';

const FLAG_KNOBS = knobsOf(backendSchema, 'backend').filter(({ knob }) => knob.target.file === 'gunicorn');

/**
 * The command: each knob with target `gunicorn` is a flag, so that a change rolls the pods and every
 * pod keeps the settings that it was started with. What is no knob is fixed, with the rule that says why.
 */
export function gunicornCommand(stack: Stack): string[] {
  const flags = FLAG_KNOBS.flatMap(({ path, knob }) => {
    const value = stack.effective.find(path as KnobPath);
    return value === undefined ? [] : [knob.target.key, String(value)];
  });
  return [
    'gunicorn',
    backendApp(stack.spec),
    '--config',
    `${BACKEND_CONFIG_DIR}/gunicorn.conf.py`,
    '--bind',
    `0.0.0.0:${backendPort(stack.spec)}`,
    ...flags,
    '--worker-tmp-dir', // BE-06: the heartbeat file must never wait for a disk.
    '/dev/shm',
  ];
}

/**
 * The mounted gunicorn.conf.py. It changes nothing of the application but, with `delivery: Inject`, two things.
 * The pool: it wraps `create_engine` at the moment in which SQLAlchemy is imported (DB-01), for PostgreSQL
 * URLs only, and leaves NullPool and other databases alone. The threads: before the first message reaches the
 * application, anyio's limit is set (INV-11); what the application sets itself at its start comes later and wins.
 */
export function gunicornConfig(stack: Stack): string {
  return stack.value('backend.pool.delivery') === 'Inject' ? `${HEADER}${INJECT}` : HEADER;
}

const HEADER = `# Written by pitcrew. Settings are flags of the command line; see \`kubectl get deployment -o yaml\`.
import os

# gunicorn 25.1 and later would open a control socket beside the application, where nothing is writable.
# Older ones ignore the name.
control_socket_disable = True

# The edge is the only peer that a NetworkPolicy lets in, so its word about the client is believed.
forwarded_allow_ips = "*"
`;

const INJECT = `
import importlib.abc
import importlib.util
import sys

_MODULE = "sqlalchemy.engine.create"


def _pool_settings():
    """What the profile says, from the environment of the pod."""
    return {
        "pool_size": int(os.environ["DB_POOL_SIZE"]),
        "max_overflow": int(os.environ["DB_MAX_OVERFLOW"]),
        "pool_recycle": int(os.environ["DB_POOL_RECYCLE"]),
        "pool_timeout": int(os.environ["DB_POOL_TIMEOUT"]),
        "pool_pre_ping": os.environ["DB_POOL_PRE_PING"] == "true",
        "pool_use_lifo": os.environ.get("DB_POOL_USE_LIFO") == "true",
    }


def _wrap(create_engine):
    def create_engine_with_profile(url, **options):
        pool = options.get("poolclass")
        other_pool = pool is not None and "QueuePool" not in getattr(pool, "__name__", "")
        if str(url).startswith("postgres") and not other_pool and options.get("pool") is None and options.get("creator") is None:
            options.update(_pool_settings())
        return create_engine(url, **options)

    create_engine_with_profile.__wrapped__ = create_engine
    return create_engine_with_profile


class _Loader(importlib.abc.Loader):
    def __init__(self, loader):
        self._loader = loader

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        module.create_engine = _wrap(module.create_engine)


class _Finder(importlib.abc.MetaPathFinder):
    """Stands before the other finders, steps aside while they look for the module, and wraps its loader."""

    def find_spec(self, name, path=None, target=None):
        if name != _MODULE:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


if _MODULE not in sys.modules:
    sys.meta_path.insert(0, _Finder())


def _with_threads(app, tokens):
    pending = [tokens]

    async def with_threads(scope, receive, send):
        if pending:
            try:
                from anyio.to_thread import current_default_thread_limiter
            except ImportError:
                pending.clear()
            else:
                current_default_thread_limiter().total_tokens = pending.pop()
        await app(scope, receive, send)

    return with_threads


def post_worker_init(worker):
    # The limit belongs to the event loop of the worker, which does not run yet: it is set with the first message.
    tokens = int(os.environ["THREADPOOL_TOKENS"])
    for name in ("asgi", "wsgi"):
        if getattr(worker, name, None) is not None:
            setattr(worker, name, _with_threads(getattr(worker, name), tokens))
`;
