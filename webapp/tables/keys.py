"""The type of the keys of tables that grow for ever."""

from sqlalchemy import BigInteger, Integer

# SQLite numbers rows by itself only in a column that is INTEGER to the letter, and that has 64 bits anyway.
BIG_KEY = BigInteger().with_variant(Integer(), "sqlite")
