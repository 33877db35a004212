"""How static files are stored in production: compressed, and named by their content wherever our files name them."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

_, _IMPORTS = CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Whitenoise's, which leaves the imports of JavaScript modules as they are unless it is told to.

    Only our own are rewritten: in other people's files it takes examples in comments for imports, and fails.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = ("js/*.js", _IMPORTS)
