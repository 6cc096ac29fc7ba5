"""Storage past one disk: a store's rows as Parquet on any filesystem or as Iceberg tables, copied as they come."""
