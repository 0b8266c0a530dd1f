"""The catalogue as YAML: resources, credentials by reference, applications, workflows, experiments; by name."""

from howdah.client.catalogue.applying import Action, Applied, apply_documents
from howdah.client.catalogue.errors import DocumentError, DocumentsError
from howdah.client.catalogue.exporting import export_catalogue
from howdah.client.catalogue.reading import Document, read_documents
from howdah.client.catalogue.requesting import experiment_requests, submit_experiments

__all__ = [
    "Action",
    "Applied",
    "Document",
    "DocumentError",
    "DocumentsError",
    "apply_documents",
    "experiment_requests",
    "export_catalogue",
    "read_documents",
    "submit_experiments",
]
