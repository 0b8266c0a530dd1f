"""librdkafka's mock cluster, through the C API that confluent_kafka's wheel carries: brokers that err on request.

Trusted for produce, fetch and consumer groups. Not for administration, persistence or retention (see ``skips``).
"""

import ctypes
from pathlib import Path
from typing import Any

import confluent_kafka

OFFSET_COMMIT = 8
OFFSET_FETCH = 9
PRODUCE = 0

NOT_LEADER_OR_FOLLOWER = 6
UNKNOWN_MEMBER_ID = 25
ILLEGAL_GENERATION = 22
REBALANCE_IN_PROGRESS = 27
COORDINATOR_NOT_AVAILABLE = 15

_PRODUCER = 0


def _library() -> Any:  # noqa: ANN401 - ctypes has no type for a library's functions
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    library = ctypes.CDLL(str(next(folder.glob("librdkafka*"))))
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    library.rd_kafka_conf_new.restype = pointer
    library.rd_kafka_new.restype = pointer
    library.rd_kafka_new.argtypes = [ctypes.c_int, pointer, text, ctypes.c_size_t]
    library.rd_kafka_destroy.argtypes = [pointer]
    library.rd_kafka_mock_cluster_new.restype = pointer
    library.rd_kafka_mock_cluster_new.argtypes = [pointer, ctypes.c_int]
    library.rd_kafka_mock_cluster_destroy.argtypes = [pointer]
    library.rd_kafka_mock_cluster_bootstraps.restype = text
    library.rd_kafka_mock_cluster_bootstraps.argtypes = [pointer]
    library.rd_kafka_mock_topic_create.argtypes = [pointer, text, ctypes.c_int, ctypes.c_int]
    library.rd_kafka_mock_group_initial_rebalance_delay_ms.argtypes = [pointer, ctypes.c_int32]
    library.rd_kafka_mock_push_request_errors_array.argtypes = [pointer, ctypes.c_int16, ctypes.c_size_t, pointer]
    library.rd_kafka_mock_broker_set_down.argtypes = [pointer, ctypes.c_int32]
    library.rd_kafka_mock_broker_set_up.argtypes = [pointer, ctypes.c_int32]
    library.rd_kafka_mock_broker_set_rtt.argtypes = [pointer, ctypes.c_int32, ctypes.c_int]
    library.rd_kafka_mock_partition_delete_records.argtypes = [pointer, text, ctypes.c_int32, ctypes.c_int64]
    return library


class MockCluster:
    """One broker. ``close`` it."""

    def __init__(self) -> None:
        self._lib = _library()
        error = ctypes.create_string_buffer(512)
        self._client = self._lib.rd_kafka_new(_PRODUCER, self._lib.rd_kafka_conf_new(), error, 512)
        assert self._client, error.value.decode()
        self._cluster = self._lib.rd_kafka_mock_cluster_new(self._client, 1)
        self._lib.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)

    @property
    def bootstrap(self) -> str:
        return str(self._lib.rd_kafka_mock_cluster_bootstraps(self._cluster).decode())

    def create_topic(self, name: str, partitions: int) -> None:
        assert self._lib.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1) == 0

    def refuse(self, request: int, *errors: int) -> None:
        """Answer as many of the next requests of this kind with these errors."""
        codes = (ctypes.c_int * len(errors))(*errors)
        self._lib.rd_kafka_mock_push_request_errors_array(self._cluster, request, len(errors), codes)

    def set_down(self, *, down: bool) -> None:
        change = self._lib.rd_kafka_mock_broker_set_down if down else self._lib.rd_kafka_mock_broker_set_up
        assert change(self._cluster, 1) == 0

    def set_round_trip_ms(self, milliseconds: int) -> None:
        assert self._lib.rd_kafka_mock_broker_set_rtt(self._cluster, 1, milliseconds) == 0

    def close(self) -> None:
        self._lib.rd_kafka_mock_cluster_destroy(self._cluster)
        self._lib.rd_kafka_destroy(self._client)
