"""The example from Python: upload, make, launch, follow, fetch.

python run.py [resource]      with HOWDAH_API_URL and HOWDAH_TOKEN set, after: howdah apply -f catalogue.yaml
"""

import os
import sys
from pathlib import Path

from howdah.client import Change, Client

HERE = Path(__file__).parent


def main(resource_name: str = "sandbox") -> int:
    """Run the experiment on a resource and save what it makes beside this file; return the exit code."""
    with Client(os.environ["HOWDAH_API_URL"], os.environ["HOWDAH_TOKEN"]) as howdah:
        interface = howdah.interfaces.find("gray-scott")
        resource = howdah.resources.find(resource_name)
        if interface is None or resource is None:
            print("not in the catalogue yet: howdah apply -f catalogue.yaml", file=sys.stderr)
            return 2
        experiment = howdah.experiments.create(
            name="corals from Python",
            interface_id=interface.id,
            resource_id=resource.id,
            inputs={
                "program": howdah.files.upload(HERE / "gray_scott.py").uri,
                "seeds": howdah.files.upload(HERE / "seeds.csv").uri,
                "steps": 800,
                "palette": "ocean",
                "title": "Corals from Python",
            },
        )
        howdah.experiments.launch(experiment.id)
        for news in howdah.experiments.watch(experiment.id):
            if isinstance(news, Change):
                for change in news.event.changes:
                    print(f"{news.event.at:%H:%M:%S}  {change.entity:<10}  {change.before} → {change.after}")
        ended = howdah.experiments.get(experiment.id)
        if ended.failure is not None:
            print(f"{ended.state}: {ended.failure.sentence}", file=sys.stderr)
        for output in howdah.experiments.outputs(experiment.id):
            if output.present:
                target = HERE / "results" / (output.file_name or output.name)
                print(howdah.experiments.download_output(experiment.id, output, target))
        return 0 if ended.state == "COMPLETED" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
