import asyncio
import logging
import os
import time

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from database import engine
from routers import orders, products, reports, uploads, users

os.makedirs("logs", exist_ok=True)
logging.basicConfig(
    level=logging.INFO,
    format="%(asctime)s %(process)d %(levelname)s %(message)s",
    handlers=[logging.FileHandler("logs/app.log", encoding="utf-8"), logging.StreamHandler()],
)
logger = logging.getLogger("shop")

app = FastAPI(title="Bahamm", version="2.0")
app.include_router(products.router)
app.include_router(orders.router)
app.include_router(reports.router)
app.include_router(users.router)
app.include_router(uploads.router)
logger.info("application loaded")


@app.middleware("http")
async def log_slow_requests(request: Request, call_next):
    start = time.perf_counter()
    response = await call_next(request)
    elapsed_ms = (time.perf_counter() - start) * 1000
    if elapsed_ms > 500 and request.url.path != "/api/slow":
        logger.warning("slow request: %s %s took %.0f ms", request.method, request.url.path, elapsed_ms)
    return response


@app.exception_handler(OperationalError)
@app.exception_handler(InterfaceError)
@app.exception_handler(PoolTimeoutError)
def database_unavailable(request: Request, error: Exception):
    reason = getattr(error, "orig", None) or error
    logger.error("database unavailable on %s: %s", request.url.path, str(reason).splitlines()[0])
    headers = {"Retry-After": "5"}
    return JSONResponse({"detail": "database is temporarily unavailable"}, status_code=503, headers=headers)


@app.exception_handler(DBAPIError)
def database_error(request: Request, error: DBAPIError):
    if error.connection_invalidated:
        return database_unavailable(request, error)
    logger.error("database error on %s: %s", request.url.path, str(error.orig).splitlines()[0])
    return JSONResponse({"detail": "internal error"}, status_code=500)


@app.get("/health")
@app.get("/api/health")
async def health():
    return {"status": "ok", "pid": os.getpid()}


@app.get("/api/slow")
async def slow(ms: int = 1000):
    """Stands for a call to a slow payment gateway."""
    ms = max(0, min(ms, 60_000))
    await asyncio.sleep(ms / 1000)
    return {"slept_ms": ms, "pid": os.getpid()}


@app.get("/api/debug/pool")
async def debug_pool():
    pool = engine.pool
    size = getattr(pool, "size", None)
    return {
        "pid": os.getpid(),
        "class": type(pool).__name__,
        "size": size() if callable(size) else None,
        "max_overflow": getattr(pool, "_max_overflow", None),
        "timeout": getattr(pool, "_timeout", None),
        "recycle": getattr(pool, "_recycle", None),
        "pre_ping": getattr(pool, "_pre_ping", None),
        "status": pool.status(),
    }
