"""An S3 server on the loopback: moto's, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.servers.ports import free_port, wait_for

_ANYTHING = "*"


class S3Server:
    """`record` is the file in which the server notes each request."""

    def __init__(self, url: str, http: httpx.Client, record: Path) -> None:
        self.url = url
        self._http = http
        self._record = record
        self._s3 = self._client("s3")

    def make_bucket(self, name: str) -> None:
        self._s3.create_bucket(Bucket=name)

    def put(self, bucket: str, key: str, data: bytes, *, public: bool = False) -> None:
        self._s3.put_object(Bucket=bucket, Key=key, Body=data, ACL="public-read" if public else "private")

    def delete(self, bucket: str, key: str) -> None:
        self._s3.delete_object(Bucket=bucket, Key=key)

    def asked(self, bucket: str) -> list[str]:
        """Method, path and query of each request of the bucket since `forget`."""
        rows = map(json.loads, self._record.read_text("utf-8").splitlines())
        told = [f"{row['method']} {row['url'].removeprefix(self.url)}" for row in rows]
        return [line for line in told if line.split(" ", 1)[1].startswith(f"/{bucket}")]

    def forget(self) -> None:
        self._record.write_text("")

    def remove_bucket(self, name: str) -> None:
        """With all that is in it."""
        for entry in self._s3.list_objects_v2(Bucket=name).get("Contents", ()):
            self._s3.delete_object(Bucket=name, Key=entry["Key"])
        self._s3.delete_bucket(Bucket=name)

    def close(self) -> None:
        self._s3.close()

    def _client(self, service: str) -> Any:
        import boto3

        keys = {"aws_access_key_id": "anybody", "aws_secret_access_key": "anything"}
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", **keys)

    def new_key(self, user: str) -> dict[str, str]:
        """`key` and `secret` of a new user who may do anything."""
        iam = self._client("iam")
        iam.create_user(UserName=user)
        allowed = {"Effect": "Allow", "Action": _ANYTHING, "Resource": _ANYTHING}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=policy)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        iam.close()
        return {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Inside, only signed requests of known keys are answered."""
        self._http.post("/moto-api/reset-auth", content=b"0").raise_for_status()
        try:
            yield
        finally:
            self._http.post("/moto-api/reset-auth", content=b"inf").raise_for_status()


@contextmanager
def running_s3() -> Iterator[S3Server]:
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    record = Path(tempfile.mkstemp(prefix="s3-", suffix=".jsonl")[1])
    environment = {**os.environ, "MOTO_ENABLE_RECORDING": "1", "MOTO_RECORDER_FILEPATH": str(record)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
            wait_for(lambda: _answers(http, process), seconds=60, what="the S3 server's start")
            with closing(S3Server(url, http, record)) as server:
                yield server
    finally:
        process.terminate()
        process.wait(timeout=30)
        record.unlink()


def _answers(http: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the S3 server ended at its start"
    try:
        return http.get("/moto-api/").is_success
    except httpx.TransportError:
        return False
