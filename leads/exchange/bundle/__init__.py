"""Workspace bundles: a company's lead history and definitions as a folder of files, in and out."""

from leads.exchange.bundle.exporting import export_bundle
from leads.exchange.bundle.importing import Imported, import_bundle
from leads.exchange.bundle.problems import BundleError

__all__ = ["BundleError", "Imported", "export_bundle", "import_bundle"]
