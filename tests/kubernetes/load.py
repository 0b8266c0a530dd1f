"""Runs in the client's pod: launches experiments through the API's Service, and waits for the end of each.

``python3 -c … NAME COUNT GAP``: prints ``launched`` after the first; in the end one line of JSON: state → number.
What was not accepted, as far as this client knows, is asked for again under the same key.
"""

import collections
import json
import os
import sys
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import howdah
from howdah.client import Client, ClientError
from howdah.contracts.states import ExperimentState

ENDED = {ExperimentState.COMPLETED, ExperimentState.FAILED, ExperimentState.CANCELED}


T = TypeVar("T")


def patiently(call: Callable[[], T]) -> T:
    while True:
        try:
            return call()
        except ClientError as error:
            print(type(error).__name__, str(error)[:100], file=sys.stderr, flush=True)
            time.sleep(1)


def found(one: T | None) -> T:
    if one is None:
        sys.exit("the example is not in the catalogue")
    return one


def main() -> None:
    name, count, gap = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    example = Path(howdah.__file__).parent / "examples" / "gray-scott"
    with Client(os.environ["HOWDAH_API_URL"], os.environ["HOWDAH_TOKEN"]) as client:
        request = {
            "kind": "application",
            "interface_id": patiently(lambda: found(client.interfaces.find("gray-scott"))).id,
            "resource_id": patiently(lambda: found(client.resources.find("sandbox"))).id,
            "inputs": {
                "program": patiently(lambda: client.files.upload(example / "gray_scott.py")).uri,
                "seeds": patiently(lambda: client.files.upload(example / "seeds.csv")).uri,
                "steps": 20,
                "size": 24,
            },
            "launch": True,
        }
        ids = []
        for number in range(count):
            key, body = str(uuid.uuid4()), {**request, "name": f"{name}-{number}"}
            ids.append(patiently(partial(client.experiments.submit, body, idempotency_key=key)).id)
            if number == 0:
                print("launched", flush=True)
            time.sleep(gap)
        states: collections.Counter[str] = collections.Counter()
        for one in ids:
            while (state := patiently(partial(client.experiments.get, one)).state) not in ENDED:
                time.sleep(1)
            states[state.value] += 1
        print(json.dumps(states), flush=True)


main()
