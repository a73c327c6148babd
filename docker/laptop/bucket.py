"""Makes the bucket for large content, where it is not there. Run before deidstream."""

from pathlib import Path

from minio import Minio


def main() -> None:
    """Again, it changes nothing."""
    access, secret = Path("/run/secrets/s3/credentials").read_text().split()
    client = Minio("seaweedfs:8333", access, secret, secure=False)
    if not client.bucket_exists("deidstream"):
        client.make_bucket("deidstream")


if __name__ == "__main__":
    main()
