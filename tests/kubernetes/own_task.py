"""Runs in the client's pod: counts the words of a file by the custom task service; prints state and count."""

import os
import pathlib
import time

from howdah.client import Client
from howdah.contracts.states import ExperimentState

ENDED = {ExperimentState.COMPLETED, ExperimentState.FAILED, ExperimentState.CANCELED}

text = pathlib.Path("/tmp/words.txt")
text.write_text("four words are here\n")
with Client(os.environ["HOWDAH_API_URL"], os.environ["HOWDAH_TOKEN"]) as howdah:
    uri = howdah.files.upload(text).uri
    task = {"name": "count", "type": "word-count", "params": {"source": uri}}
    made = howdah.experiments.create_tasks(name="words", tasks=[task], launch=True)
    while (state := howdah.experiments.get(made.id).state) not in ENDED:
        time.sleep(0.5)
    (count,) = [(one.outputs or {}).get("words") for one in howdah.experiments.tasks(made.id)]
    print(state.value, count)
