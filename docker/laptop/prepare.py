"""Makes passwords for the laptop's services, once, each in a volume that only those mount who need it. Run before all else."""

import json
import os
import secrets
from pathlib import Path

VOLUMES = Path("/secrets")
USER = 10001
"""As whom deidstream runs."""

RELEASED = Path("/srv/released")


def once(path: Path, content: str) -> str:
    """What the file holds; written where it is not there. Each service runs as another user, so all may read it."""
    if not path.exists():
        path.write_text(content)
        path.chmod(0o444)
    return path.read_text()


def main() -> None:
    """Again, it changes nothing."""
    password = once(VOLUMES / "database/password", secrets.token_urlsafe(24))
    passwords = VOLUMES / "database/pgpass"  # libpq reads one that is its owner's alone
    if not passwords.exists():  # else it is another user's, and of root we have CAP_CHOWN alone
        passwords.write_text(f"postgres:5432:*:deidstream:{password}\n")
        passwords.chmod(0o600)
        os.chown(passwords, USER, USER)
    once(VOLUMES / "grafana/password", secrets.token_urlsafe(24))
    access, secret = once(VOLUMES / "s3/credentials", f"deidstream\n{secrets.token_urlsafe(24)}\n").split()
    may = ["Admin", "Read", "Write", "List", "Tagging"]
    who = {"name": "deidstream", "credentials": [{"accessKey": access, "secretKey": secret}], "actions": may}
    once(VOLUMES / "seaweedfs/s3.json", json.dumps({"identities": [who]}))
    os.chown(RELEASED, USER, USER)


if __name__ == "__main__":
    main()
