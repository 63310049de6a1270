"""Runs scim2-tester against a SCIM server and prints what it found as one JSON array.

The first argument is the base URL, the environment variable SCIM_TOKEN the bearer token. Each element of the array has
`status` (the tester's word in upper case), `title`, `resourceType`, `reason` and `tags`.
"""

import json
import os
import sys

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server


def main():
    headers = {"Authorization": f"Bearer {os.environ['SCIM_TOKEN']}"}
    with httpx2.Client(base_url=sys.argv[1], headers=headers, timeout=30) as http:
        results = check_server(SyncSCIMClient(http))
    rows = [
        {
            "status": result.status.name,
            "title": result.title,
            "resourceType": result.resource_type,
            "reason": result.reason,
            "tags": sorted(result.tags),
        }
        for result in results
    ]
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
