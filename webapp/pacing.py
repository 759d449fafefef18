"""How often all processes together may do something: a token bucket in Redis, or in memory while that is away."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# One step, so that two processes never take the same token. The balance may become negative: what was taken in advance
# is waited for. Redis's own clock counts, not each machine's.
_TAKE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local balance = tonumber(redis.call('HGET', KEYS[1], 'balance') or burst)
local at = tonumber(redis.call('HGET', KEYS[1], 'at') or now)
balance = math.min(burst, balance + math.max(0, now - at) * rate) - 1
redis.call('HSET', KEYS[1], 'balance', tostring(balance), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], math.ceil((burst - balance) / rate) + 1)
return tostring(math.max(0, -balance / rate))
"""

_log = logging.getLogger(__name__)


@dataclass
class TokenBucket:
    """At most `burst` at once, and `per_minute` on average.

    Parameters
    ----------
    redis_url : str
        The server that all processes share; empty: this process is alone.
    name : str
        What is counted.
    per_minute : float
        Tokens that come back in a minute.
    burst : int
        Tokens that can be saved up.
    sleep : callable
        Waits for a number of seconds.
    """

    redis_url: str
    name: str
    per_minute: float
    burst: int = 5
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    _balance: float = field(init=False, repr=False)
    _at: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Begin with a full bucket."""
        self._balance, self._at = float(self.burst), time.monotonic()
        self._redis = (
            redis.Redis.from_url(
                self.redis_url, socket_connect_timeout=1, socket_timeout=2, retry=Retry(NoBackoff(), 0)
            )
            if self.redis_url
            else None
        )

    def take(self) -> float:
        """Take a token, waiting for it if there is none; return how long that took, in seconds."""
        wait = self._wait_seconds()
        if wait > 0:
            self.sleep(wait)
        return wait

    def _wait_seconds(self) -> float:
        rate = self.per_minute / 60.0
        if self._redis is not None:
            try:
                return float(self._redis.eval(_TAKE, 1, f"assay:pace:{self.name}", str(rate), str(self.burst)))
            except redis.RedisError as error:
                _log.warning("Pacing in memory: Redis is away.", extra={"bucket": self.name, "error": str(error)})
        now = time.monotonic()
        self._balance = min(float(self.burst), self._balance + (now - self._at) * rate) - 1
        self._at = now
        return max(0.0, -self._balance / rate)
