"""What Apache Kafka costs, beside what it must reach: ``python -m tests.bench.kafka``."""
