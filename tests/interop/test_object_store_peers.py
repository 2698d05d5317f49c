"""What others make of S3: Amazon's SDK asks our made-up server, and our storage asks moto."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from assay.store.object_store_address import connect
from assay.store.storage import Storage
from assay.testing.s3_server import S3Server
from assay.testing.storage import StorageSuite

pytest.importorskip("obstore", reason="the extra s3 is not installed")
boto3 = pytest.importorskip("boto3", reason="boto3 is installed by `make interop`")
moto_server = pytest.importorskip("moto.server", reason="moto is installed by `make interop`")

from boto3.s3.transfer import TransferConfig  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402


def client_of(url: str):
    return boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    )


def test_amazons_sdk_speaks_with_the_made_up_server():
    with S3Server() as server:
        s3 = client_of(server.url)
        s3.put_object(Bucket="bucket", Key="a/一.json", Body=b"{}", Metadata={"claim": "1f"})
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.put_object(Bucket="bucket", Key="a/一.json", Body=b"[]", IfNoneMatch="*")
        got = s3.get_object(Bucket="bucket", Key="a/一.json")
        assert (got["Body"].read(), got["Metadata"]) == (b"{}", {"claim": "1f"})
        assert s3.get_object(Bucket="bucket", Key="a/一.json", Range="bytes=1-1")["Body"].read() == b"}"
        assert s3.head_object(Bucket="bucket", Key="a/一.json")["ContentLength"] == 2
        with pytest.raises(ClientError, match="NoSuchKey"):
            s3.get_object(Bucket="bucket", Key="none")
        with pytest.raises(ClientError, match="NoSuchBucket"):
            s3.get_object(Bucket="other", Key="none")
        large = bytes(range(256)) * (50 << 10)
        config = TransferConfig(multipart_threshold=6 << 20, multipart_chunksize=5 << 20)
        s3.upload_fileobj(io.BytesIO(large), "bucket", "large", Config=config)
        assert server.requests()["POST"] == 2 and server.bucket.data("large") == large
        begun = s3.create_multipart_upload(Bucket="bucket", Key="half")
        assert [u["Key"] for u in s3.list_multipart_uploads(Bucket="bucket")["Uploads"]] == ["half"]
        s3.abort_multipart_upload(Bucket="bucket", Key="half", UploadId=begun["UploadId"])
        for number in range(7):
            s3.put_object(Bucket="bucket", Key=f"page/{number}", Body=b"x")
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket="bucket", Prefix="page/", PaginationConfig={"PageSize": 3}
        )
        assert [[o["Key"] for o in page["Contents"]] for page in pages] == [
            ["page/0", "page/1", "page/2"], ["page/3", "page/4", "page/5"], ["page/6"],
        ]  # fmt: skip
        gone = s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "page/0"}, {"Key": "large"}]})
        assert len(gone["Deleted"]) == 2
        s3.delete_object(Bucket="bucket", Key="page/1")
        assert s3.list_objects_v2(Bucket="bucket", Prefix="page/")["KeyCount"] == 5


@pytest.fixture(scope="module")
def moto():
    server = moto_server.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port()).replace("0.0.0.0", "127.0.0.1")
    client_of(url).create_bucket(Bucket="bucket")
    yield url
    server.stop()


class TestMoto(StorageSuite):
    """The promises of a storage against a server that others wrote."""

    @pytest.fixture(autouse=True)
    def _server(self, moto):
        self.url = moto

    def make(self, folder: Path) -> Storage:
        options = {
            "endpoint": self.url,
            "region": "us-east-1",
            "access_key_id": "k",
            "secret_access_key": "s",
        }
        return connect(f"s3://bucket/{folder.parent.name}", options)

    def test_one_of_many_threads_wins(self, storage: Storage) -> None:
        pytest.skip("moto looks and then writes, in two steps: of 300 keys that eight threads raced for, up to 8 "
                    "were given to two (5.2.5)")  # fmt: skip
