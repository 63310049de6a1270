"""
A bucket of moto's S3 on a free loopback port, which checks signatures as AWS does. Prints where it is and the keys as one line of JSON, and runs until
its standard input ends.
"""
import json
import logging
import sys

import boto3
import requests
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"


def main(bucket: str) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"

    def client(service: str):
        # Anything goes until the keys exist.
        return boto3.client(
            service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id="first", aws_secret_access_key="first"
        )

    iam = client("iam")
    iam.create_user(UserName="server")
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    iam.put_user_policy(UserName="server", PolicyName="all", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="server")["AccessKey"]
    client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    # From here on every request is checked.
    requests.post(f"{endpoint}/moto-api/reset-auth", data=b"0", timeout=10).raise_for_status()
    ready = {
        "endpoint": endpoint,
        "region": REGION,
        "accessKeyId": key["AccessKeyId"],
        "secretAccessKey": key["SecretAccessKey"],
    }
    print(json.dumps(ready), flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1])
